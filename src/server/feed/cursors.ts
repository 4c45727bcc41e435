/**
 * Cursors of the change feed: `<run>.<version>`. Cursors are opaque to clients; only this file reads them.
 */
import type { Cursor } from '../../model/outbox-entry.ts';
import type { RunRecord } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';

/**
 * Makes a cursor with the newest run known to the transaction, so that a store restored from an earlier
 * backup does not recognise the cursor (F67).
 */
export const cursorAt = (run: RunRecord, version: number): Cursor => `${run.id}.${version}`;

const CURSOR = /^([0-9a-z]{1,32})\.(0|[1-9][0-9]{0,15})$/;

interface ParsedCursor {
  readonly runId: string;
  readonly version: number;
}

const parse = (cursor: Cursor): ParsedCursor | undefined => {
  const [, runId, digits] = CURSOR.exec(cursor) ?? [];
  const version = Number(digits);
  return runId === undefined || !Number.isSafeInteger(version) ? undefined : { runId, version };
};

/**
 * The version of a cursor; `undefined` if the store's history does not contain the cursor: a truncated or
 * foreign cursor, a cursor of the future, or a cursor of a part that a restore lost.
 */
export const versionOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> =>
  (await reachOfCursor(tx, cursor)) === 'contained' ? parse(cursor)!.version : undefined;

/**
 * True if the store still has all confirmed changes up to the cursor. An answer's cursor may be ahead of every feed
 * and of this transaction, so each version of the newest run counts as confirmed.
 */
export const isStillConfirmed = async (tx: ServerReadTx, cursor: Cursor): Promise<boolean> => {
  const parsed = parse(cursor);
  if (!parsed) return false;
  return parsed.runId === tx.run.id || (await reachOfCursor(tx, cursor)) === 'contained';
};

/**
 * How much of the store's history a cursor's run shares. `contained`: the store has everything up to the
 * cursor. `sharedBelow`: a restore from a backup lost the cursor, and both histories are the same below this
 * version. `unknown`: the store does not know the cursor's run, or the cursor is of the future.
 */
export type Reach = 'contained' | 'unknown' | { readonly sharedBelow: number };

export const reachOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<Reach> => {
  const parsed = parse(cursor);
  if (!parsed) return 'unknown';
  const { runId, version } = parsed;
  if (runId === tx.run.id) return version <= tx.feedEnd ? 'contained' : 'unknown';
  const runs = await tx.runs();
  const run = runs.find(({ id }) => id === runId);
  // A run ends where the next run begins. Later versions of the run belong to another copy of the store.
  const next = run && runs.find(({ number }) => number > run.number);
  if (!next) return 'unknown';
  if (next.fromCopy) return { sharedBelow: run.beganAt };
  if (version >= next.beganAt) return { sharedBelow: next.beganAt };
  return version <= tx.feedEnd ? 'contained' : 'unknown';
};
