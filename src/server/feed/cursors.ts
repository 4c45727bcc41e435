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
 * The version of a cursor; `undefined` if this history does not contain the cursor: a truncated or foreign
 * cursor, a cursor of the future, or of a part lost by a restore.
 */
export const versionOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> =>
  (await reachOfCursor(tx, cursor)) === Infinity ? parse(cursor)!.version : undefined;

/**
 * Whether this history still contains everything confirmed up to the cursor. An answer's cursor may be ahead
 * of every feed and of this transaction: a future version of the newest run still belongs to this history.
 */
export const isStillConfirmed = async (tx: ServerReadTx, cursor: Cursor): Promise<boolean> => {
  const parsed = parse(cursor);
  if (!parsed) return false;
  return parsed.runId === tx.run.id || (await reachOfCursor(tx, cursor)) === Infinity;
};

/**
 * How much of this history a cursor's history shares.
 *
 * @returns `Infinity` if this history contains the cursor. If this history branched off before the cursor (a
 * restored backup), the version below which both are the same. `undefined` if nothing is known of the
 * cursor's run.
 */
export const reachOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> => {
  const parsed = parse(cursor);
  if (!parsed) return undefined;
  const { runId, version } = parsed;
  if (runId === tx.run.id) return version <= tx.feedEnd ? Infinity : undefined;
  const runs = await tx.runs();
  const run = runs.find(({ id }) => id === runId);
  // A run's history ends at the begin of the next run. Later versions belong to another copy of this store.
  const next = run && runs.find(({ number }) => number > run.number);
  if (!next) return undefined;
  if (version >= next.beganAt) return next.beganAt;
  return version <= tx.feedEnd ? Infinity : undefined;
};
