/** The interface between the SQL store and a database library. */

export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs one statement. Input goes into parameters, never into the text of the statement. */
export type SqlQuery = (text: string, params?: readonly (string | number)[]) => Promise<readonly SqlRow[]>;

export interface SqlDriver {
  /**
   * Runs `body` in one transaction at the database's default isolation, and rolls the transaction back if
   * `body` rejects.
   */
  transaction<T>(body: (query: SqlQuery) => Promise<T>): Promise<T>;
  /** Closes the database. Afterwards all committed data is on the disk. */
  close(): Promise<void>;
}
