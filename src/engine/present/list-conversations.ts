/** Which conversations a list shows, and in which order. */
import { isSelected, type ListWanted } from '../../model/conversation/list.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';

/** The place of a conversation in the order of all lists. */
export type Place = Pick<ConversationState, 'hasPending' | 'latestSentAt' | 'id'>;

/** A copy of the place, which stays when the conversation moves. */
export const placeOf = ({ hasPending, latestSentAt, id }: ConversationState): Place => ({ hasPending, latestSentAt, id });

/** The order of the list: conversations with pending messages first, then by the server time of the last message, then by id. */
const order = (a: Place, b: Place): number =>
  Number(b.hasPending) - Number(a.hasPending) || b.latestSentAt - a.latestSentAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1);

const isListed = (conversation: ConversationState, wanted: ListWanted): boolean =>
  (conversation.row.latestSeq > 0 || conversation.hasPending) && isSelected(conversation, wanted);

/**
 * The first conversations in the order of the list. One pass, because the list is short and conversations may be many.
 *
 * @param after the list begins behind this place.
 */
export const listConversations = (model: AccountState, wanted: ListWanted, after?: Place): ConversationState[] => {
  const { limit } = wanted;
  const out: ConversationState[] = [];
  for (const conversation of model.conversations.values()) {
    if (out.length === limit && order(conversation, out[limit - 1]!) > 0) continue;
    if (after && order(conversation, after) <= 0) continue;
    if (!isListed(conversation, wanted)) continue;
    let low = 0;
    let high = out.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(conversation, out[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    out.splice(low, 0, conversation);
    if (out.length > limit) out.pop();
  }
  return out;
};
