/**
 * The device is full: cached messages go, oldest and read ones first, so that what the user does still finds room. Positions, receipts
 * and what is owed are never given up. A full device takes no write at all, only deletes: so pages are deleted first, and what that
 * means is written down after it, or once there is room again: until then a sign is missing, also for the next start (see {@link repairPages}).
 */
import { fromSeqs, intersect, NO_RANGES, type Ranges, subtract, union } from '../../model/ranges.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Change, KeptMessage } from '../../log/log-record.ts';
import { pagesOf, readPages, writePages } from '../../log/pages.ts';
import { PAGE_SIZE, pageKey, TABLES, PAGES_INTACT_KEY } from '../../log/tables.ts';
import { WipedError } from '../write/log-header.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { type MaintenanceHost, writeAlone } from '../write/maintenance-write.ts';
import { inPages, repairPages } from '../write/repair-pages.ts';

/** Half of what may go goes at a time, between these numbers of pages. */
const MIN_PAGES = 32;
const MAX_PAGES = 512;

interface Victim {
  readonly id: ConversationId;
  readonly page: number;
  /** What goes of it; the rest of the page stays. */
  readonly seqs: Ranges;
}

const seqsOnPage = (page: number): Ranges => [[page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 1]];

const victimsIn = (conversation: ConversationState, through: number): Victim[] => {
  const { id, newest } = conversation;
  const mayGo = subtract(intersect(inPages(conversation), [[1, through]]), newest ? [[newest.seq, newest.seq]] : NO_RANGES);
  return pagesOf(mayGo).map((page) => ({ id, page, seqs: intersect(mayGo, seqsOnPage(page)) }));
};

/** Read messages of the conversations that were silent longest; where none is left, unread ones: the server has them. */
const choose = (model: AccountState): readonly Victim[] => {
  const byAge = [...model.conversations.values()].sort((a, b) => a.latestSentAt - b.latestSentAt);
  const read = byAge.flatMap((conversation) => (conversation.readUpTo > 0 ? victimsIn(conversation, conversation.readUpTo) : []));
  const all = read.length > 0 ? read : byAge.flatMap((conversation) => victimsIn(conversation, Number.MAX_SAFE_INTEGER));
  return all.slice(0, Math.min(MAX_PAGES, Math.max(MIN_PAGES, Math.ceil(all.length / 2))));
};

/**
 * Runs in the writer's turn.
 *
 * @returns whether anything was given up.
 */
export const makeRoom = async (ports: Pick<Ports, 'store' | 'bus'>, writer: MaintenanceHost): Promise<boolean> => {
  // What went must be written down before more goes.
  if (!writer.pagesIntact) {
    await repairPages(ports, writer);
    return true;
  }
  const stay: { readonly id: ConversationId; readonly messages: readonly KeptMessage[] }[] = [];
  const victims = await ports.store.tx('make-room', TABLES, 'readwrite', 'relaxed', async (tx) => {
    stay.length = 0;
    if (!(await writer.catchUp(tx))) throw new WipedError();
    const chosen = choose(writer.model);
    for (const { id, page, seqs } of chosen) {
      const rest = subtract(intersect(writer.model.get(id)!.storedSeqs, seqsOnPage(page)), seqs);
      if (rest.length > 0) stay.push({ id, messages: await readPages(tx, id, rest) });
    }
    if (chosen.length > 0) tx.delete('meta', PAGES_INTACT_KEY);
    return chosen;
  });
  if (victims.length === 0) return false;
  writer.pagesIntact = false;
  for (const { id, page } of victims) {
    await ports.store.tx('give-up', ['pages', 'indexes'], 'readwrite', 'relaxed', (tx) => {
      for (const table of ['pages', 'indexes'] as const) tx.delete(table, pageKey(id, page));
      return Promise.resolve();
    });
  }
  await writeAlone(ports, writer, 'made-room', async (tx, model) => {
    tx.put('meta', PAGES_INTACT_KEY, true);
    const changes: Change[] = [];
    for (const { id, messages } of stay) {
      await writePages(tx, [{ conversationId: id, messages, steps: [], counts: [], storedSeqs: NO_RANGES }]);
      // Taken for lost by a tab that started in between.
      const lost = messages.filter(({ seq }) => intersect(model.get(id)?.storedSeqs ?? NO_RANGES, [[seq, seq]]).length === 0);
      if (lost.length > 0) changes.push({ t: 'messages', of: id, messages: lost });
    }
    const gone = new Map<ConversationId, Ranges>();
    for (const { id, page } of victims) {
      const conversation = model.get(id);
      // Whatever was on the page and is not written again, however it came to be lost.
      if (conversation) gone.set(id, union(gone.get(id) ?? NO_RANGES, intersect(inPages(conversation), seqsOnPage(page))));
    }
    for (const { id, messages } of stay) gone.set(id, subtract(gone.get(id) ?? NO_RANGES, fromSeqs(messages.map(({ seq }) => seq))));
    for (const [id, seqs] of gone) if (seqs.length > 0) changes.push({ t: 'evict', of: id, seqs });
    return changes;
  });
  writer.pagesIntact = true;
  return true;
};
