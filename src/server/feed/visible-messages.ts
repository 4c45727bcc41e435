/**
 * The messages of a group that a member may get: all messages sent while the user was a member, in this stay or in an
 * earlier stay. A message from before the join does not exist for this user.
 */
import type { UserId } from '../../model/ids.ts';
import { contains, intersect, type Ranges } from '../../model/registers/ranges.ts';
import type { ConversationRecord, MessageKey } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';

export interface VisibleMessages {
  within(conversationId: number, seqs: Ranges): Ranges;
  has(message: MessageKey): boolean;
}

export const visibleMessages = async (
  tx: ServerReadTx,
  me: UserId,
  conversations: readonly Pick<ConversationRecord, 'id' | 'groupId'>[],
): Promise<VisibleMessages> => {
  const groups = conversations.flatMap(({ id, groupId }) => (groupId === null ? [] : [id]));
  const present = new Map<number, Ranges>();
  for (const id of groups) present.set(id, []);
  for (const member of groups.length > 0 ? await tx.ownMembers(me, groups) : []) present.set(member.conversationId, member.present);
  return {
    within(conversationId, seqs) {
      const stays = present.get(conversationId);
      return stays ? intersect(seqs, stays) : seqs;
    },
    has({ conversationId, seq }) {
      const stays = present.get(conversationId);
      return !stays || contains(stays, seq);
    },
  };
};
