/** Which messages need no notification any more. */
import { conversationType, type ConversationId, type Seq } from '../../model/ids.ts';
import { contains, range } from '../../model/registers/ranges.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import { readStored } from '../present/read-messages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Writer } from '../write/writer.ts';

interface MessageFacts {
  readonly seq: Seq;
  readonly receiptRequested: boolean;
}

/**
 * Whether the message is read: by a position or a receipt, on this device or on another, or before the user joined. In a group, the
 * ranges of message receipts also cover messages in between that can have none, read or not.
 */
export const isRead = ({ id, row, readUpTo, receiptsSent }: ConversationState, { seq, receiptRequested }: MessageFacts): boolean =>
  seq <= countingBase(row, readUpTo) ||
  contains(receiptsSent.read, seq) ||
  ((receiptRequested || conversationType(id) === 'direct') && contains(receiptsSent.named, seq));

/**
 * Whether the message is surely read, recalled, or no longer counted. A message that the server's row does not reach is
 * not: a position of a lost history may stand above it. Nor is a message of which the row carries only the number.
 */
const isSettled = (conversation: ConversationState, message: MessageFacts): boolean => {
  const { row, uncounted } = conversation;
  const { seq } = message;
  return seq <= row.latestSeq && (isRead(conversation, message) || contains(uncounted, seq));
};

/** Answers for each message, in order, whether its notification may be closed. */
export const settledOf = (
  writer: Pick<Writer, 'read'>,
  messages: readonly { readonly conversationId: ConversationId; readonly seq: Seq }[],
): Promise<readonly boolean[]> =>
  writer.read('settled-of', (model, tx) =>
    Promise.all(
      messages.map(async ({ conversationId, seq }) => {
        const conversation = model.get(conversationId);
        if (!conversation || isSettled(conversation, { seq, receiptRequested: false })) return conversation !== undefined;
        if (!isSettled(conversation, { seq, receiptRequested: true })) return false;
        // Only the message tells whether a receipt names it. A message that this device no longer stores is not surely read.
        const [message] = await readStored(tx, conversation, range(seq, seq));
        return message?.receiptRequested === true;
      }),
    ),
  );
