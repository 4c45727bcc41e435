/** The interface between the SQL store and a database library. */

export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs one statement. Input goes into parameters, never into the text of the statement. */
export type SqlQuery = (text: string, params?: readonly (string | number)[]) => Promise<readonly SqlRow[]>;

/**
 * Every statement looks up a few rows of large tables, by an index. The planner cannot know how few rows a JSON parameter holds, and would
 * join a whole table. So a plan does not depend on the parameters either: one is enough, where the database would make another for each call.
 */
export const PLANNER_SETTINGS = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
} as const;

export interface SqlDriver {
  /**
   * Runs `body` in one transaction, and rolls the transaction back if `body` rejects. A `read` transaction sees one snapshot
   * (`repeatable read`) and cannot write. In a `write` transaction each statement sees what was committed before it (`read committed`).
   */
  transaction<T>(kind: 'read' | 'write', body: (query: SqlQuery) => Promise<T>): Promise<T>;
  /** Closes the database. Afterwards all committed data is on the disk. */
  close(): Promise<void>;
}
