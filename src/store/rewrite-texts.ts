/**
 * Rewrites the rows of a store after encryption was switched on or off, in slices of one transaction each. A slice looks at each row and
 * leaves those that are right, so a crash, a repetition or another tab with the same task does no harm.
 */
import { bodiesKey } from '../log/log-record.ts';
import { readAllIndexes } from '../log/pages.ts';
import { CIPHER_KEY, type LogHeader, LOG_HEADER_KEY, pageKey, SNAPSHOT_KEY, TABLES } from '../log/tables.ts';
import type { Cancel, ClockPort, StoreKey, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { held } from './hold-transaction.ts';
import { TEXT_ROWS } from '../log/texts.ts';
import { findCipher, readCipher, type RowCipher } from './row-cipher.ts';
import { isSealed, takeTexts } from './sealed-row.ts';

/** The start of the account comes first, and the user's calls come in between. */
const START_AFTER_MS = 2000;
const REST_MS = 20;
const ROWS_PER_SLICE = 32;

type Row = readonly [TableName, StoreKey];

/** All rows that may hold texts. The snapshot is last: rows of the log move into it and into pages. */
const rowsOf = async (tx: StoreTx): Promise<Row[]> => {
  const header = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader | undefined;
  const rows: Row[] = [];
  for (let at = header?.compactedUpTo ?? 0; at++ < (header?.version ?? 0);) rows.push(['log', at], ['log', bodiesKey(at)]);
  for (const key of await tx.keys('log', TEXT_ROWS)) rows.push(['log', key]);
  for (const { conversationId, page } of await readAllIndexes(tx)) rows.push(['pages', pageKey(conversationId, page)]);
  return [...rows, ['meta', SNAPSHOT_KEY]];
};

export interface RewriteTask {
  /** What the page that opened last has decided, and the number of rows that are not like that yet. */
  state(): Promise<{ readonly on: boolean; readonly waiting: number }>;
  stop(): void;
}

export const rewriteTexts = (store: StorePort, clock: ClockPort, cipher: RowCipher, on: boolean, starts: boolean): RewriteTask => {
  let isStopped = false;
  /** Counts the wrong rows of a slice. */
  const slice = (rows: readonly Row[], rewrites: boolean): Promise<number> =>
    store.tx('rewrite-texts', TABLES, rewrites ? 'readwrite' : 'readonly', 'relaxed', async (tx) => {
      const found = await Promise.all(rows.map(([table, key]) => tx.get(table, key)));
      const isOn = (await readCipher(tx))?.on;
      // Another tab has switched, or a log-out deleted the key.
      const mayWrite = rewrites && isOn === on;
      let count = 0;
      for (const [i, row] of found.entries()) {
        if (isOn ? typeof row !== 'string' || !takeTexts(row) : !isSealed(row)) continue;
        count++;
        if (!mayWrite) continue;
        const [table, key] = rows[i]!;
        const next = await held(
          tx,
          table,
          Promise.resolve(isSealed(row) ? cipher.open(table, row, true) : cipher.seal(row as string)),
          clock,
        );
        // A page of messages that cannot be read stays as it is, until a reader misses its messages.
        if (next) tx.put(table, key, next);
      }
      return count;
    });

  const pass = async (rewrites: boolean): Promise<number> => {
    const rows = await store.tx('texts', TABLES, 'readonly', 'relaxed', rowsOf);
    let count = 0;
    for (let from = 0; from < rows.length && !isStopped; from += ROWS_PER_SLICE) {
      count += await slice(rows.slice(from, from + ROWS_PER_SLICE), rewrites);
      if (rewrites) await new Promise<void>((resolve) => (cancel = clock.timer(REST_MS, resolve)));
    }
    return count;
  };

  /** Marks the rows as rewritten, if `done`. @returns whether rows may be wrong, and this page rewrites them. */
  const mark = (done: boolean): Promise<boolean> =>
    store.tx('mark-texts', ['meta'], 'readwrite', 'relaxed', async (tx) => {
      const now = await readCipher(tx);
      // A page switches when it opens. If another page has switched since, that page rewrites the rows.
      if (now?.on !== on || now.done) return false;
      if (done) tx.put('meta', CIPHER_KEY, { ...now, done });
      return true;
    });

  const run = async (): Promise<void> => {
    if (!(await mark(false))) return;
    await cipher.findKey();
    await pass(true);
    if (!isStopped) await mark(true);
  };

  // A full or closed store: the next start repeats it.
  let cancel: Cancel = starts ? clock.timer(START_AFTER_MS, () => void run().catch(() => undefined)) : () => undefined;
  return {
    state: async () => {
      const now = await findCipher(store);
      return { on: now?.on ?? on, waiting: now && !now.done ? await pass(false) : 0 };
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
};
