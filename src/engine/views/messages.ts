/** The newest messages of a conversation: stored messages from pages and unflushed records, then failed and pending messages. */
import { newestSeqs, size } from '../../model/registers/ranges.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { Message } from '../../model/message/message.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import type { MessageReceipts } from '../../model/message/receipt.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Writer } from '../write/writer.ts';
import { readStored } from '../present/read-messages.ts';
import { presentMessage, presentPending } from '../present/present-conversation.ts';
import { presentReceipts } from '../present/present-receipts.ts';

interface Shown {
  readonly model: AccountState;
  readonly conversation: ConversationState;
  readonly stored: readonly KeptMessage[];
  readonly failed: readonly MessageEntry[];
  readonly pending: readonly MessageEntry[];
}

const readShown = <T>(writer: Writer, id: ConversationId, limit: number, present: (shown: Shown) => readonly T[]): Promise<readonly T[]> =>
  writer.read('read-messages', async (model, tx) => {
    const conversation = model.get(id);
    if (!conversation) return [];
    const failed = model.deadLetters.flatMap(({ entry }) => (entry.kind === 'message' && entry.conversationId === id ? [entry] : []));
    const seqs = newestSeqs(conversation.storedSeqs, limit);
    const stored = await readStored(tx, conversation, seqs);
    if (stored.length < size(seqs)) void writer.missed(id, seqs);
    // A confirmed message that this device offers again, because the server may have lost it, is stored as well.
    const isUnsent = ({ message }: MessageEntry): boolean => !stored.some((one) => one.id === message.id && one.senderId === model.me);
    return present({ model, conversation, stored, failed, pending: conversation.pending.filter(isUnsent) });
  });

export const readShownMessages = (writer: Writer, id: ConversationId, limit: number): Promise<readonly Message[]> =>
  readShown(writer, id, limit, ({ model, conversation, stored, failed, pending }) => [
    ...stored.map((message) => presentMessage(model, conversation, message)),
    ...failed.map((entry) => presentPending(model, entry, 'failed')),
    ...pending.map((entry) => presentPending(model, entry, 'pending')),
  ]);

/** The receipts of the messages that {@link readShownMessages} shows, in the same order. A failed message has no receipts. */
export const readShownReceipts = (writer: Writer, id: ConversationId, limit: number): Promise<readonly MessageReceipts[]> =>
  readShown(writer, id, limit, ({ model, conversation, stored, pending }) => [
    ...stored.map((message) => presentReceipts.stored(model, conversation, message)),
    ...pending.map((entry) => presentReceipts.pending(entry)),
  ]);

export const sameMessages = (a: readonly Message[], b: readonly Message[]): boolean =>
  a.length === b.length &&
  a.every((message, i) => {
    const other = b[i]!;
    return (
      message.id === other.id &&
      message.seq === other.seq &&
      message.status === other.status &&
      message.recalled === other.recalled &&
      (message.body === null) === (other.body === null)
    );
  });
