/** Places in the change feed: `<run>.<version>`. Opaque to clients; this file alone reads them. */
import type { Cursor } from '../model/outbox-entry.ts';
import type { RunRecord, ServerReadTx } from './server-store.ts';

/** Names the newest run its transaction saw, so that a copy restored from an earlier backup does not recognise it (F67). */
export const cursorAt = (run: RunRecord, version: number): Cursor => `${run.id}.${version}`;

const CURSOR = /^([0-9a-z]{1,32})\.(0|[1-9][0-9]{0,15})$/;

/**
 * The version a cursor stands for in this history, or `undefined` where this history does not contain it: truncated, foreign,
 * of the future, or of the part that was lost when a backup was restored.
 */
export const versionOfCursor = async (tx: ServerReadTx, cursor: Cursor): Promise<number | undefined> => {
  const [, id, digits] = CURSOR.exec(cursor) ?? [];
  if (id === undefined) return undefined;
  const version = Number(digits);
  if (!Number.isSafeInteger(version) || version > tx.head) return undefined;
  if (id === tx.run.id) return version;
  const runs = await tx.runs();
  const run = runs.find((known) => known.id === id);
  if (!run) return undefined;
  // A run's history ends where the next one began: beyond it lies what another copy of this store did.
  const next = runs.find(({ number }) => number > run.number);
  return next && version >= next.beganAt ? undefined : version;
};
