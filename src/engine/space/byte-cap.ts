/**
 * The limit `retention.bytes`: chooses the pages that go when the stored messages are larger. The order is that of a full device
 * ({@link pagesByValue}). The newest message of a conversation stays.
 */
import { intersect, NO_RANGES, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { Change } from '../../log/log-record.ts';
import { pagesOf, readAllIndexes, shrinkPages } from '../../log/pages.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { AccountState } from '../state/account-state.ts';
import { type PagePart, pagesByValue, seqsOnPage } from './pages-by-value.ts';

/** Above the limit, messages go down to this part of it, so that not every compaction removes a few. */
const DOWN_TO = 0.9;

const keyOf = (id: ConversationId, page: number): string => `${page} ${id}`;

/** The parts of pages beyond the limit, the least valuable first. */
export const beyondBytes = async (tx: StoreTx, model: AccountState, limit: number): Promise<readonly PagePart[]> => {
  const bytes = new Map((await readAllIndexes(tx)).map((index) => [keyOf(index.conversationId, index.page), index.bytes]));
  let total = 0;
  for (const one of bytes.values()) total += one;
  if (total <= limit) return [];
  const beyond: PagePart[] = [];
  for (const part of pagesByValue(model)) {
    if (total <= limit * DOWN_TO) break;
    const stored = size(intersect(model.get(part.id)!.storedSeqs, seqsOnPage(part.page)));
    total -= ((bytes.get(keyOf(part.id, part.page)) ?? 0) * size(part.seqs)) / Math.max(1, stored);
    beyond.push(part);
  }
  return beyond;
};

/** Removes these parts of pages. The state may have changed since they were chosen. */
export const removeParts = async (tx: StoreTx, model: AccountState, parts: readonly PagePart[]): Promise<readonly Change[]> => {
  const byConversation = new Map<ConversationId, Ranges>();
  for (const { id, seqs } of parts) byConversation.set(id, union(byConversation.get(id) ?? NO_RANGES, seqs));
  const changes: Change[] = [];
  for (const [id, chosen] of byConversation) {
    const conversation = model.get(id);
    if (!conversation) continue;
    const { storedSeqs, newest } = conversation;
    const seqs = subtract(intersect(storedSeqs, chosen), newest ? [[newest.seq, newest.seq]] : NO_RANGES);
    if (seqs.length === 0) continue;
    changes.push({ t: 'evict', conversationId: id, seqs });
    await shrinkPages(tx, id, pagesOf(seqs), subtract(storedSeqs, seqs));
  }
  return changes;
};
