/** Places in the change feed: `<run>.<version>`. Opaque to clients; this file alone reads them. */
import type { Cursor } from '../../model/outbox-entry.ts';
import type { RunRecord, ServerReadTx } from '../store/server-store.ts';

/** Names the newest run its transaction saw, so that a copy restored from an earlier backup does not recognise it (F67). */
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
 * The version a cursor stands for in this history, or `undefined` where this history does not contain it: truncated, foreign,
 * of the future, or of the part that was lost when a backup was restored.
 */
export const versionOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> =>
  (await reachOfCursor(tx, cursor)) === Infinity ? parse(cursor)!.version : undefined;

/**
 * Whether what a client was told at this place is still so. Asked of places no feed has reached yet, so that of the newest run may lie
 * beyond what this transaction sees; it is of the future, not of another history.
 */
export const isStillConfirmed = async (tx: ServerReadTx, cursor: Cursor): Promise<boolean> => {
  const parsed = parse(cursor);
  if (!parsed) return false;
  return parsed.runId === tx.run.id || (await reachOfCursor(tx, cursor)) === Infinity;
};

/**
 * How far this history is the one that the cursor is of: `Infinity` where it contains the cursor's place; where it branched off before
 * that place (a backup was restored), everything below this version is shared; `undefined` where nothing is known of it.
 */
export const reachOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> => {
  const parsed = parse(cursor);
  if (!parsed) return undefined;
  const { runId, version } = parsed;
  if (runId === tx.run.id) return version <= tx.head ? Infinity : undefined;
  const runs = await tx.runs();
  const run = runs.find(({ id }) => id === runId);
  // A run's history ends where the next one began: beyond it lies what another copy of this store did.
  const next = run && runs.find(({ number }) => number > run.number);
  if (!next) return undefined;
  if (version >= next.beganAt) return next.beganAt;
  return version <= tx.head ? Infinity : undefined;
};
