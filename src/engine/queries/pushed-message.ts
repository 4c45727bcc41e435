/** Decides from the stored data whether a pushed message is news to the user. */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Message } from '../../model/message.ts';
import { contains } from '../../model/ranges.ts';
import { countingBase } from '../../model/unread.ts';
import { findInConversation } from '../present/find-message.ts';
import { presentMessage } from '../present/present-conversation.ts';
import type { Writer } from '../write/writer.ts';

/** Fields of a message in a push. */
export interface MessageHead {
  readonly id: MessageId;
  readonly seq: Seq;
  readonly senderId: UserId;
  readonly sentAt: number;
  readonly receiptRequested: boolean;
  readonly countable: boolean;
  readonly mentionsMe?: boolean | undefined;
}

export interface PushedNews {
  /** `body` is null when the device does not store the message yet. */
  readonly message: Message;
  readonly muted: boolean;
}

/**
 * @param isCaughtUp true when the device has caught up after the push: a missing message does not exist for this account.
 * @returns null for a read, own, recalled, uncountable or missing message, and for one that was cleared by itself.
 * @throws {LoggedOutError} when the user has logged out of the account in the meantime.
 */
export const newsOf = async (
  writer: Writer,
  conversationId: ConversationId,
  head: MessageHead,
  isCaughtUp: boolean,
): Promise<PushedNews | null> => {
  await writer.refresh();
  return writer.read('pushed-message', async (model, tx) => {
    const conversation = model.get(conversationId);
    const stored = conversation && (await findInConversation(tx, conversation, [head.id])).get(head.id);
    if (model.paused || (isCaughtUp && !stored)) return null;
    const { seq, senderId, countable } = stored ?? head;
    if (senderId === model.me || !countable) return null;
    if (conversation) {
      const { row, readUpTo, receiptsSent, uncounted } = conversation;
      if (
        seq <= countingBase(row, readUpTo) ||
        contains(uncounted, seq) ||
        contains(receiptsSent.read, seq) ||
        contains(receiptsSent.named, seq)
      )
        return null;
    }
    const muted = conversation?.muted ?? false;
    if (conversation && stored) {
      const message = presentMessage(model, conversation, stored);
      return message.recalled ? null : { message, muted };
    }
    const { id, sentAt, receiptRequested, mentionsMe = false } = head;
    return {
      message: {
        id,
        conversationId,
        senderId,
        seq,
        sentAt,
        body: null,
        receiptRequested,
        countable,
        recalled: false,
        mentionsMe,
        status: 'received',
      },
      muted,
    };
  });
};
