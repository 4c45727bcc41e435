/** Applies receipt changes of group messages: counts that only grow, merged into the messages, and the events of their growth. */
import type { ReceiptEvent } from '../../model/api/event.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { contains, fromSeqs } from '../../model/registers/ranges.ts';
import { type GroupReceipt, unreadMembers } from '../../model/message/receipt.ts';
import type { WireReceiptChange } from '../../protocol/changes.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { News } from './apply-messages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { readStored } from '../present/read-messages.ts';
import type { Draft } from '../write/draft.ts';

type Before = ReadonlyMap<ConversationId, ReadonlyMap<Seq, KeptMessage>>;

const byConversation = (changes: readonly WireReceiptChange[]): Map<ConversationId, WireReceiptChange[]> => {
  const lists = new Map<ConversationId, WireReceiptChange[]>();
  for (const change of changes) {
    const list = lists.get(change.conversationId);
    if (list) list.push(change);
    else lists.set(change.conversationId, [change]);
  }
  return lists;
};

/** The stored messages of these changes, as they are before the frame is applied. */
export const storedBefore = async (draft: Draft, changes: readonly WireReceiptChange[]): Promise<Before> => {
  const before = new Map<ConversationId, Map<Seq, KeptMessage>>();
  for (const [id, list] of byConversation(changes)) {
    const conversation = draft.model.get(id);
    const messages = conversation ? await readStored(draft.tx, conversation, fromSeqs(list.map(({ seq }) => seq))) : [];
    before.set(id, new Map(messages.map((message) => [message.seq, message])));
  }
  return before;
};

const isDone = ({ readCount, memberCount }: GroupReceipt): boolean => memberCount > 0 && readCount >= memberCount;

/** True if an expiry makes an event: for an own message with missing readers, and for a message without this user's receipt. */
const endsHere = (draft: Draft, conversation: ConversationState, message: KeptMessage, receipt: GroupReceipt): boolean => {
  if (!receipt.expired || message.receipt?.expired || message.recalled || !message.receiptRequested) return false;
  const { me, allowed } = draft.model;
  if (message.senderId === me) return !isDone(receipt);
  // The answer to a pending receipt reports its expiry, so the feed does not.
  const isDue =
    contains(conversation.row.present, message.seq) &&
    !conversation.isNamed(message.id, message.seq) &&
    !contains(conversation.untold, message.seq);
  return allowed.readReceipts && isDue;
};

/**
 * Applies the receipt changes of one frame; its messages are stored already. When live, each own message with new readers makes one event
 * with all these readers. During a catch-up, {@link tellStatistics} makes one event of all own messages.
 */
export const applyReceiptChanges = (draft: Draft, before: Before, changes: readonly WireReceiptChange[], news: News): void => {
  const read = new Map<MessageId, Extract<ReceiptEvent, { type: 'groupRead' }>>();
  for (const [conversationId, list] of byConversation(changes)) {
    draft.change({
      t: 'counts',
      conversationId,
      receipts: list.map(({ seq, readCount, memberCount, expired }) => ({ seq, readCount, memberCount, expired })),
    });
    if (news === 'silent') continue;
    const conversation = draft.model.get(conversationId)!;
    const known = new Map(before.get(conversationId));
    const ended: MessageId[] = [];
    for (const change of list) {
      const message = known.get(change.seq) ?? conversation.unflushed.get(change.seq);
      if (message?.id !== change.id) continue;
      const { id, readCount, readers = [] } = change;
      const grew = readCount > (known.get(change.seq)?.receipt?.readCount ?? 0);
      // A question to the server may have brought the count before the feed brings the readers.
      if (message.senderId === draft.model.me && (grew || readers.length > 0))
        read.set(id, {
          type: 'groupRead',
          conversationId,
          messageId: id,
          readers: [...(read.get(id)?.readers ?? []), ...readers],
          readCount,
          unreadCount: unreadMembers(change),
        });
      if (endsHere(draft, conversation, message, change)) ended.push(id);
      known.set(change.seq, { ...message, receipt: change });
    }
    if (ended.length > 0) draft.change({ t: 'event', event: { type: 'expired', conversationId, messageIds: ended } });
  }
  if (read.size === 0) return;
  if (news === 'live') return draft.change(...[...read.values()].map((event) => ({ t: 'event', event }) as const));
  const receipts = [...read.values()].map(({ type: _, readers: __, ...statistic }) => statistic);
  draft.change({ t: 'statistics', receipts });
};

/** Ends a catch-up: makes one event of all its new read counts. */
export const tellStatistics = (draft: Draft): void => {
  const { statistics } = draft.model;
  if (statistics.size > 0) draft.change({ t: 'event', event: { type: 'receiptStatistics', receipts: [...statistics.values()] } });
};
