/**
 * How an older database becomes one of today. Each step runs inside the upgrade's own transaction: the browser keeps all of it or
 * nothing, wherever it is interrupted (F10).
 */
import type { StoreTx, TableName } from '../ports/ports.ts';
import { type LogHeader, HEAD_KEY } from '../log/tables.ts';

export interface Migration {
  /** The schema that results: one more than before. */
  readonly to: number;
  /** As in any transaction, nothing may be awaited but what `tx` promises. */
  readonly run: (tx: StoreTx) => Promise<void>;
}

/** What the database looks like, and the way there. */
export interface Layout {
  readonly schema: number;
  readonly tables: readonly TableName[];
  readonly migrations: readonly Migration[];
}

/** Version 1 is the first there is. */
export const MIGRATIONS: readonly Migration[] = [];

/** One step, and the head's word for it: older code that still runs finds it there, and writes nothing any more (F09). */
export const migrate = async (tx: StoreTx, { to, run }: Migration): Promise<void> => {
  await run(tx);
  const header = (await tx.get('meta', HEAD_KEY)) as LogHeader | undefined;
  if (header) tx.put('meta', HEAD_KEY, { ...header, schema: to } satisfies LogHeader);
};
