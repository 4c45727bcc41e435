/** Makes push frames for the host's Web Push: one for each recipient of each new countable message. */
import { mentionsReader } from '../../model/mentions.ts';
import type { UserId } from '../../model/ids.ts';
import type { PushFrame } from '../../protocol/push.ts';
import type { ConversationRecord, MessageRecord, RosterEntry } from '../store/records.ts';

/**
 * Makes one frame for each recipient. A recalled message and a message outside the unread count have no
 * frames.
 */
export const pushesOf = (conversation: ConversationRecord, message: MessageRecord, roster: readonly RosterEntry[]): PushFrame[] => {
  const { id, seq, senderId, sentAt, receiptRequested, countable, recalled } = message;
  if (!countable || recalled) return [];
  const head = { id, seq, senderId, sentAt, receiptRequested, countable };
  const headFor = (reader: UserId): PushFrame['message'] =>
    mentionsReader(message.mentions, senderId, reader) ? { ...head, mentionsMe: true } : head;
  if (conversation.groupId === null) {
    const peer = conversation.userA === senderId ? conversation.userB : conversation.userA;
    return [{ type: 'push', userId: peer, conversationId: `direct:${senderId}`, message: headFor(peer) }];
  }
  const conversationId = `group:${conversation.groupId}` as const;
  return roster.flatMap(({ userId }) => (userId === senderId ? [] : [{ type: 'push', userId, conversationId, message: headFor(userId) }]));
};
