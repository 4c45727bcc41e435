/**
 * The upgrades of an older database. Each step runs inside the upgrade's transaction: after an interruption, the
 * browser has kept all of it or nothing (F10).
 */
import type { StoreTx, TableName } from '../ports/ports.ts';
import { type LogHeader, LOG_HEADER_KEY } from '../log/tables.ts';

export interface Migration {
  /** The resulting schema number: one more than before. */
  readonly to: number;
  /** Changes the records. May await only the promises of `tx`, like any transaction. */
  readonly run: (tx: StoreTx) => Promise<void>;
}

/** The shape of the database, and the steps from older shapes. */
export interface Layout {
  readonly schema: number;
  readonly tables: readonly TableName[];
  readonly migrations: readonly Migration[];
}

/** Empty, because version 1 is the first. */
export const MIGRATIONS: readonly Migration[] = [];

/**
 * Runs one step and writes its number to the log header. Older code that still runs finds the number there and stops
 * writing (F09).
 */
export const migrate = async (tx: StoreTx, { to, run }: Migration): Promise<void> => {
  await run(tx);
  const header = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader | undefined;
  if (header) tx.put('meta', LOG_HEADER_KEY, { ...header, schema: to } satisfies LogHeader);
};
