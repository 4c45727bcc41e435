/** The order in which stored messages leave the device: read messages first, from the quietest conversations, and unread messages last. */
import type { ConversationId } from '../../model/ids.ts';
import { intersect, NO_RANGES, type Ranges, subtract } from '../../model/registers/ranges.ts';
import { pagesOf } from '../../log/pages.ts';
import { PAGE_SIZE } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { inPages } from '../write/repair-pages.ts';

/** The messages of a page that may go. The other messages of the page stay. */
export interface PagePart {
  readonly id: ConversationId;
  readonly page: number;
  readonly seqs: Ranges;
}

export const seqsOnPage = (page: number): Ranges => [[page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 1]];

const partsIn = (conversation: ConversationState, within: Ranges): PagePart[] => {
  const { id, newest } = conversation;
  const mayGo = subtract(intersect(inPages(conversation), within), newest ? [[newest.seq, newest.seq]] : NO_RANGES);
  return pagesOf(mayGo).map((page) => ({ id, page, seqs: intersect(mayGo, seqsOnPage(page)) }));
};

const byAge = (model: AccountState): ConversationState[] =>
  [...model.conversations.values()].sort((a, b) => a.latestSentAt - b.latestSentAt);

/** Read messages, the quietest conversation first. */
export const readParts = (model: AccountState): readonly PagePart[] =>
  byAge(model).flatMap((conversation) => (conversation.readUpTo > 0 ? partsIn(conversation, [[1, conversation.readUpTo]]) : []));

/** Unread messages, the quietest conversation first. */
export const unreadParts = (model: AccountState): readonly PagePart[] =>
  byAge(model).flatMap((conversation) => partsIn(conversation, [[conversation.readUpTo + 1, Number.MAX_SAFE_INTEGER]]));

/** Everything that may go, the least valuable first. */
export function* pagesByValue(model: AccountState): Iterable<PagePart> {
  yield* readParts(model);
  yield* unreadParts(model);
}
