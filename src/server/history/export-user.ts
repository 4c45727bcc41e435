/** Everything that the server holds of one user, for the user: settings, conversations with private registers and receipts, own messages. */
import { type ConversationId, type MessageId, requireId, type UserId } from '../../model/ids.ts';
import { range } from '../../model/registers/ranges.ts';
import type { Ranges } from '../../model/registers/ranges.ts';
import type { Core } from '../core.ts';
import { MAX_BODY_BYTES, parseBody } from '../../model/message/message.ts';
import { settingsWithVersion, nameOf } from '../store/records.ts';

/** Messages of one transaction. */
const BATCH = 500;

/**
 * What the server holds of a user, in one record for each thing; `kind` says which.
 * Settings: `deliveryReceipts` and `readReceipts` are the settings of the account.
 * Conversation: `conversationId`; `left` whether the user has left the group; `readUpTo` the position, set at `readAt`
 * (epoch ms); `delivered`, `read` and `named` the receipts sent, as ranges of `seq`; the flags `muted`, `markedUnread`
 * and `archived`.
 * Message of the user: `id` and `seq`, `sentAt` (epoch ms), the `body` as JSON, and whether it was `recalled`.
 */
export type ExportedRecord =
  | { readonly kind: 'settings'; readonly deliveryReceipts: boolean; readonly readReceipts: boolean }
  | {
      readonly kind: 'conversation';
      readonly conversationId: ConversationId;
      readonly left: boolean;
      readonly readUpTo: number;
      readonly readAt: number | null;
      readonly delivered: Ranges;
      readonly read: Ranges;
      readonly named: Ranges;
      readonly muted: boolean;
      readonly markedUnread: boolean;
      readonly archived: boolean;
    }
  | {
      readonly kind: 'message';
      readonly conversationId: ConversationId;
      readonly id: MessageId;
      readonly seq: number;
      readonly sentAt: number;
      readonly body: unknown;
      readonly recalled: boolean;
    };

type ExportCore = Pick<Core, 'store'>;

async function* exported(opening: Promise<ExportCore>, me: UserId): AsyncGenerator<ExportedRecord> {
  const { store } = await opening;
  const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER };
  const { account, conversations } = await store.read('export-user', async (tx) => ({
    account: await tx.account(me),
    conversations: await tx.changedConversations(me, everything, Number.MAX_SAFE_INTEGER),
  }));
  const settings = account && settingsWithVersion(account);
  yield {
    kind: 'settings',
    deliveryReceipts: settings?.deliveryReceipts.value ?? true,
    readReceipts: settings?.readReceipts.value ?? true,
  };
  for (const conversation of conversations) {
    const conversationId = nameOf(conversation, me);
    const [mine] = await store.read('export-user', (tx) => tx.ownMembers(me, [conversation.id]));
    if (!mine) continue;
    const { readUpTo, readBy, delivered, read, named, muted, marked, archived } = mine;
    yield {
      kind: 'conversation',
      conversationId,
      left: conversation.left,
      readUpTo,
      readAt: readBy?.at ?? null,
      delivered,
      read,
      named,
      muted: muted.value,
      markedUnread: marked.value,
      archived: archived.value,
    };
    for (let from = conversation.firstSeq; from <= conversation.latestSeq; from += BATCH) {
      const part = { conversationId: conversation.id, range: range(from, Math.min(from + BATCH - 1, conversation.latestSeq))[0]! };
      const messages = await store.read('export-user', (tx) => tx.messagesIn([part], MAX_BODY_BYTES));
      for (const { id, seq, senderId, sentAt, body, recalled } of messages)
        if (senderId === me) yield { kind: 'message', conversationId, id, seq, sentAt, body: recalled ? null : parseBody(body), recalled };
    }
  }
}

/** @see ReceiptServer.exportUser */
export const exportUser = (opening: Promise<ExportCore>, userId: UserId): AsyncIterable<ExportedRecord> =>
  exported(opening, requireId(userId, 'userId'));
