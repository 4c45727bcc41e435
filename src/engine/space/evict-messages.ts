/**
 * Evicts cached messages when the device is full, so that the user's calls find room. Messages that were read go first, from the
 * quietest conversations, and unread messages go last.
 * Positions, receipts and pending entries are never evicted.
 *
 *   choose pages, delete the mark PAGES_INTACT_KEY ─▶ delete the pages ─▶ record the eviction, put the mark back
 *                                                          └─ a crash, or still no room: the next start or the next
 *                                                             commit finds no mark and repairs (see {@link repairPages})
 *
 * A full device accepts deletes only, no put. So the pages go first, and the record follows. Without a page to delete, the messages that
 * are in the log only go in the same way: `drop-bodies.ts`.
 */
import { fromSeqs, intersect, NO_RANGES, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Change, KeptMessage } from '../../log/log-record.ts';
import { readPages, writePages } from '../../log/pages.ts';
import { pageKey, TABLES, PAGES_INTACT_KEY } from '../../log/tables.ts';
import { WipedError } from '../write/log-header.ts';
import { sweepTexts } from '../../log/texts.ts';
import type { AccountState } from '../state/account-state.ts';
import { entriesOf } from '../state/snapshot.ts';
import { type MaintenanceHost, writeAlone } from '../write/maintenance-write.ts';
import { inPages, repairPages } from '../write/repair-pages.ts';
import { dropBodies } from './drop-bodies.ts';
import { type PagePart, readParts, seqsOnPage, unreadParts } from './pages-by-value.ts';

/** The minimum and maximum number of pages of one eviction, which takes half of the pages allowed to go. */
const MIN_PAGES = 32;
const MAX_PAGES = 512;

/** Chooses read messages of the conversations with the longest silence, then unread messages: the server has all of them. */
const choose = (model: AccountState): readonly PagePart[] => {
  const read = readParts(model);
  const all = read.length > 0 ? read : unreadParts(model);
  return all.slice(0, Math.min(MAX_PAGES, Math.max(MIN_PAGES, Math.ceil(all.length / 2))));
};

/** Deletes the texts of messages that the server has confirmed, as a compaction does. Nothing is lost. */
const sweep = ({ store }: Pick<Ports, 'store'>, writer: MaintenanceHost): Promise<boolean> =>
  store.tx('sweep-texts', ['meta', 'log'], 'readwrite', 'relaxed', async (tx) => {
    if (!(await writer.catchUp(tx))) throw new WipedError();
    const { outbox, confirmed, deadLetters } = writer.model;
    return sweepTexts(tx, entriesOf({ outbox: [...outbox.values()], confirmed: confirmed.all, deadLetters }));
  });

/**
 * Evicts pages. Call it in the writer's turn.
 *
 * @returns whether a retry of the failed write may find room.
 */
export const makeRoom = async (ports: Pick<Ports, 'store' | 'bus' | 'log'>, writer: MaintenanceHost): Promise<boolean> => {
  // The previous eviction must be recorded before the next one.
  if (!writer.pagesIntact) {
    await repairPages(ports, writer);
    return true;
  }
  if (await sweep(ports, writer)) return true;
  const stay: (PagePart & { readonly messages: readonly KeptMessage[] })[] = [];
  const victims = await ports.store.tx('make-room', TABLES, 'readwrite', 'relaxed', async (tx) => {
    stay.length = 0;
    if (!(await writer.catchUp(tx))) throw new WipedError();
    const chosen = choose(writer.model);
    for (const { id, page, seqs } of chosen) {
      const rest = subtract(intersect(writer.model.get(id)!.storedSeqs, seqsOnPage(page)), seqs);
      if (rest.length > 0) stay.push({ id, page, seqs: rest, messages: await readPages(tx, id, rest) });
    }
    if (chosen.length > 0) tx.delete('meta', PAGES_INTACT_KEY);
    return chosen;
  });
  if (victims.length === 0) return dropBodies(ports, writer);
  writer.pagesIntact = false;
  for (const { id, page } of victims) {
    await ports.store.tx('give-up', ['pages', 'indexes'], 'readwrite', 'relaxed', (tx) => {
      for (const table of ['pages', 'indexes'] as const) tx.delete(table, pageKey(id, page));
      return Promise.resolve();
    });
  }
  let evicted = 0;
  await writeAlone(ports, writer, 'made-room', async (tx, model) => {
    evicted = 0;
    tx.put('meta', PAGES_INTACT_KEY, true);
    const changes: Change[] = [];
    for (const { id, page, messages } of stay) {
      await writePages(tx, [{ conversationId: id, page, messages, steps: [], counts: [] }]);
      // A tab that started in between has recorded these messages as evicted: store them again.
      const lost = messages.filter(({ seq }) => intersect(model.get(id)?.storedSeqs ?? NO_RANGES, [[seq, seq]]).length === 0);
      if (lost.length > 0) changes.push({ t: 'messages', conversationId: id, messages: lost });
    }
    const gone = new Map<ConversationId, Ranges>();
    for (const { id, page } of victims) {
      const conversation = model.get(id);
      // All seqs of the page count as evicted, except those that are written again below.
      if (conversation) gone.set(id, union(gone.get(id) ?? NO_RANGES, intersect(inPages(conversation), seqsOnPage(page))));
    }
    for (const { id, messages } of stay) gone.set(id, subtract(gone.get(id) ?? NO_RANGES, fromSeqs(messages.map(({ seq }) => seq))));
    for (const [id, seqs] of gone) {
      evicted += size(seqs);
      if (seqs.length > 0) changes.push({ t: 'evict', conversationId: id, seqs });
    }
    return changes;
  });
  writer.pagesIntact = true;
  ports.log('info', 'messages-evicted', { messages: evicted, cause: 'device-full' });
  return true;
};
