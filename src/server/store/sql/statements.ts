/** The statements of one transaction, by what they do. The kind decides how statements of several bodies become one statement. */
import type { SqlQuery, SqlRow } from './driver.ts';

export type Param = string | number;

export interface Statements {
  /** Reads rows, without a lock. What a body reads side by side is one statement. */
  readonly select: SqlQuery;
  /** The time of the database's clock, epoch ms; read with what the body reads side by side. */
  readonly now: () => Promise<number>;
  /** Locks rows in the order of their keys. `$1` is the list of the keys, as JSON; `isOwn` finds the rows of these keys. */
  readonly lock: (text: string, keys: readonly (Param | object)[], isOwn: (row: SqlRow) => boolean) => Promise<readonly SqlRow[]>;
  /**
   * Writes rows. `$1` is the list of the records, as JSON; the other parameters are the same for every body of a transaction. What a body
   * writes side by side is one statement, in no order, so no two of these writes may concern one row.
   */
  readonly put: (text: string, records: readonly (object | string)[], params?: readonly Param[]) => Promise<void>;
  /** Any other statement, of a transaction with one body. */
  readonly only: SqlQuery;
}
