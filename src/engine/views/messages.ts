/** The newest messages of a conversation: stored messages from pages and unflushed records, then failed and pending messages. */
import type { ConversationId } from '../../model/ids.ts';
import type { Message } from '../../model/message.ts';
import type { Writer } from '../write/writer.ts';
import { newestSeqs, readPresented } from '../present/read-messages.ts';
import { presentPending } from '../present/present-conversation.ts';

export const readShownMessages = (writer: Writer, id: ConversationId, limit: number): Promise<readonly Message[]> =>
  writer.read('read-messages', async (model, tx) => {
    const conversation = model.get(id);
    if (!conversation) return [];
    const failed = model.deadLetters.flatMap(({ entry }) => (entry.kind === 'message' && entry.conversationId === id ? [entry] : []));
    const pending = conversation.pending;
    const stored = await readPresented(tx, model, conversation, newestSeqs(conversation.storedSeqs, limit));
    return [
      ...stored,
      ...failed.map((entry) => presentPending(model, entry, 'failed')),
      ...pending.map((entry) => presentPending(model, entry, 'pending')),
    ];
  });

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
