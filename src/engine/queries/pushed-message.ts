/** Whether a message that a push told of is news to the user, as the store knows by now. */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Message } from '../../model/message.ts';
import { contains } from '../../model/ranges.ts';
import { countingBase } from '../../model/unread.ts';
import { findInConversation } from '../present/find-message.ts';
import { presentMessage } from '../present/present-conversation.ts';
import type { Writer } from '../write/writer.ts';

/** What the push said of it. */
export interface MessageHead {
  readonly id: MessageId;
  readonly seq: Seq;
  readonly senderId: UserId;
  readonly sentAt: number;
  readonly receiptRequested: boolean;
  readonly countable: boolean;
}

export interface News {
  /** `body` is null where the message itself did not come yet. */
  readonly message: Message;
  readonly muted: boolean;
}

/**
 * @param isCaughtUp the server was asked after the push came: what it did not give does not exist for this account.
 * @returns null for what is read, own, recalled, not counted, or not there.
 * @throws {LoggedOutError} where the account was logged out meanwhile.
 */
export const newsOf = async (
  writer: Writer,
  conversationId: ConversationId,
  head: MessageHead,
  isCaughtUp: boolean,
): Promise<News | null> => {
  await writer.refresh();
  return writer.read('pushed-message', async (model, tx) => {
    const conversation = model.get(conversationId);
    const storedSeqs = conversation && (await findInConversation(tx, conversation, [head.id])).get(head.id);
    if (model.paused || (isCaughtUp && !storedSeqs)) return null;
    const { seq, senderId, countable } = storedSeqs ?? head;
    if (senderId === model.me || !countable) return null;
    if (conversation) {
      const { row, readUpTo, receiptsSent } = conversation;
      if (seq <= countingBase(row, readUpTo) || contains(receiptsSent.read, seq) || contains(receiptsSent.named, seq)) return null;
    }
    const muted = conversation?.muted ?? false;
    if (conversation && storedSeqs) {
      const message = presentMessage(model, conversation, storedSeqs);
      return message.recalled ? null : { message, muted };
    }
    const { id, sentAt, receiptRequested } = head;
    return {
      message: { id, conversationId, senderId, seq, sentAt, body: null, receiptRequested, countable, recalled: false, status: 'received' },
      muted,
    };
  });
};
