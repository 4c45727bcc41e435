/** Says when messages may have been read, recalled or left out of the count, for the notifications of the page. */
import type { ConversationId } from '../../model/ids.ts';
import { size } from '../../model/registers/ranges.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Dirty } from '../state/dirty.ts';

const markOf = (model: AccountState, id: ConversationId): string => {
  const conversation = model.get(id);
  if (!conversation) return '';
  const { row, readUpTo, uncounted, receiptsSent } = conversation;
  return [countingBase(row, readUpTo), size(uncounted), size(receiptsSent.read), size(receiptsSent.named)].join();
};

/** @returns a filter of changes: true for a change after which a message may be read that was unread before. */
export const readsFilter = (model: () => AccountState): ((dirty: Dirty) => boolean) => {
  const marks = new Map<ConversationId, string>();
  return ({ conversations }) => {
    let found = false;
    for (const id of conversations) {
      const mark = markOf(model(), id);
      if (marks.get(id) === mark) continue;
      marks.set(id, mark);
      found = true;
    }
    return found;
  };
};
