/** The new messages that may need a Web Push, with their recipients. `host-pushes.ts` makes the pushes. */
import type { ConversationId, UserId } from '../../model/ids.ts';
import { type ConversationRecord, type MessageRecord, nameOf, type RosterEntry } from '../store/records.ts';

export interface AnnouncedMessage {
  readonly message: MessageRecord;
  readonly recipients: readonly {
    readonly userId: UserId;
    /** The id that the recipient calls the conversation by. */
    readonly conversationId: ConversationId;
  }[];
}

/** @returns null for a recalled message, for a message outside the unread count, and for a message without recipients. */
export const announced = (
  conversation: ConversationRecord,
  message: MessageRecord,
  roster: readonly RosterEntry[],
): AnnouncedMessage | null => {
  const { senderId, countable, recalled, uncountedFor } = message;
  if (!countable || recalled) return null;
  const members = conversation.groupId === null ? [conversation.userA, conversation.userB] : roster.map(({ userId }) => userId);
  const others = members.filter((userId) => userId !== senderId && !uncountedFor.includes(userId));
  if (others.length === 0) return null;
  return { message, recipients: others.map((userId) => ({ userId, conversationId: nameOf(conversation, userId) })) };
};
