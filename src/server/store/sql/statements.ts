/** The statements of one transaction, by what they do. The kind decides how statements of several bodies become one statement. */
import type { SqlQuery, SqlRow } from './driver.ts';

export type Param = string | number;

export interface Statements {
  /** Reads rows, without a lock. */
  readonly select: SqlQuery;
  /** Locks rows in the order of their keys. `$1` is the list of the keys, as JSON; `column` is the column of the key. */
  readonly lock: (text: string, keys: readonly Param[], column: string) => Promise<readonly SqlRow[]>;
  /** Writes rows. `$1` is the list of the records, as JSON; the other parameters are the same for every body of a transaction. */
  readonly put: (text: string, records: readonly (object | string)[], params?: readonly Param[]) => Promise<void>;
  /** Any other statement, of a transaction with one body. */
  readonly only: SqlQuery;
}

export const statementsOf = (query: SqlQuery): Statements => ({
  select: query,
  lock: (text, keys) => query(text, [JSON.stringify(keys)]),
  put: async (text, records, params = []) => {
    if (records.length > 0) await query(text, [JSON.stringify(records), ...params]);
  },
  only: query,
});
