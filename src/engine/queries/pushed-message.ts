/** Decides from the stored data whether a pushed message is news to the user. */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Message } from '../../model/message/message.ts';
import { pickTotal } from '../../model/conversation/total.ts';
import { contains } from '../../model/registers/ranges.ts';
import { findInConversation } from '../present/find-message.ts';
import { presentMessage } from '../present/present-conversation.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Writer } from '../write/writer.ts';
import { isRead } from './settled-messages.ts';

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

/** The counts that include the pushed message. */
export interface PushedCounts {
  readonly muted: boolean;
  /** The conversation's unread count. */
  readonly unread: number;
  /** The unread messages of the conversation that mention the user. */
  readonly mentions: number;
  readonly totalUnreadCount: number;
}

export interface PushedNews extends PushedCounts {
  /** `body` is null when the device does not store the message yet. */
  readonly message: Message;
}

/** A message that the server's row does not reach yet is added: without a network the counts are at least these. */
const pushedCounts = (model: AccountState, conversation: ConversationState | undefined, { seq, mentionsMe }: MessageHead): PushedCounts => {
  const added = conversation && seq <= conversation.row.latestSeq ? 0 : 1;
  const muted = conversation?.muted ?? false;
  return {
    muted,
    unread: (conversation?.unread.unreadCount ?? 0) + added,
    mentions: (conversation?.mentions.mentionCount ?? 0) + (mentionsMe ? added : 0),
    totalUnreadCount: pickTotal(model.totals) + (muted ? 0 : added),
  };
};

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
    const { seq, senderId, countable, receiptRequested } = stored ?? head;
    if (senderId === model.me || !countable) return null;
    if (conversation && (isRead(conversation, { seq, receiptRequested }) || contains(conversation.uncounted, seq))) return null;
    const counts = pushedCounts(model, conversation, head);
    if (conversation && stored) {
      const message = presentMessage(model, conversation, stored);
      return message.recalled ? null : { message, ...counts };
    }
    const { id, sentAt, mentionsMe = false } = head;
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
      ...counts,
    };
  });
};
