/** What the SQL store needs of a database library. */

export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs one statement; parameters only, never text built from input. */
export type SqlQuery = (text: string, params?: readonly (string | number)[]) => Promise<readonly SqlRow[]>;

export interface SqlDriver {
  /** One transaction at the database's default isolation; rolled back when `body` rejects. */
  transaction<T>(body: (query: SqlQuery) => Promise<T>): Promise<T>;
  /** Everything committed is safe on disk afterwards. */
  close(): Promise<void>;
}
