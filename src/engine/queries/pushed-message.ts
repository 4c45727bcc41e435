/** Whether a message that a push told of is news to the user, as the store knows by now. */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Message } from '../../model/message.ts';
import { contains } from '../../model/ranges.ts';
import { countingBase } from '../../model/unread.ts';
import { findInConversation } from '../present/find-message.ts';
import { shownMessage } from '../present/present-conversation.ts';
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
    const held = conversation && (await findInConversation(tx, conversation, [head.id])).get(head.id);
    if (model.paused || (isCaughtUp && !held)) return null;
    const { seq, senderId, countable } = held ?? head;
    if (senderId === model.me || !countable) return null;
    if (conversation) {
      const { row, readUpTo, told } = conversation;
      if (seq <= countingBase(row, readUpTo) || contains(told.read, seq) || contains(told.acked, seq)) return null;
    }
    const muted = conversation?.muted ?? false;
    if (conversation && held) {
      const message = shownMessage(model, conversation, held);
      return message.recalled ? null : { message, muted };
    }
    const { id, sentAt, receiptRequested } = head;
    return {
      message: { id, conversationId, senderId, seq, sentAt, body: null, receiptRequested, countable, recalled: false, status: 'received' },
      muted,
    };
  });
};
