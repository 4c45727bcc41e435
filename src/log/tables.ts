/** The tables of the database, and the records of the table `meta`. Each pair of server and account has its own database. */
import type { StoreKey, StoreTx, TableName } from '../ports/ports.ts';
import { PAINT_KEY } from '../model/storage-name.ts';

/** The schema number. A release raises it if older code cannot read the new data; older code then refuses to write (F09). */
export const SCHEMA = 1;

export const TABLES: readonly TableName[] = ['meta', 'log', 'pages', 'indexes', 'reserve'];

/** Keys of the table `meta`: the log header, and the snapshot made by compaction. */
export const LOG_HEADER_KEY = 'head';
export const SNAPSHOT_KEY = 'snapshot';
/** The account of this database. */
export const ACCOUNT_KEY = 'account';

/** The key of encrypted texts, and whether new texts are encrypted. */
export const CIPHER_KEY = 'cipher';

/** Present except during an eviction on a full device: pages are deleted before their eviction can be written to the log. */
export const PAGES_INTACT_KEY = 'whole';

/** Present while the table `reserve` holds the reserve (`engine/write/reserve.ts`). */
export const RESERVE_KEY = 'reserve';

export interface LogHeader {
  readonly schema: number;
  /**
   * A random id, made with the database and anew at every log-out. A writer that finds another generation than at its start changes
   * nothing. Another generation without a log-out means: the storage was lost.
   */
  readonly generation: string;
  /** Version of the newest log record. */
  readonly version: number;
  /** Log records up to this version were compacted into snapshot and pages, and deleted. */
  readonly compactedUpTo: number;
  /** The fencing token of the leader tab: a write by an older leader changes nothing (I-19). */
  readonly fence: number;
  /**
   * Logged out: no tab reads, writes or sends until the app creates a client again. `wiped`: the next start deletes the remaining data
   * before it shows anything. `kept`: the app asked to keep the data.
   */
  readonly ended?: 'wiped' | 'kept';
}

/** Messages per page. Pages are aligned: a `seq` alone determines its page, with or without gaps. */
export const PAGE_SIZE = 128;

export const pageOf = (seq: number): number => Math.floor(seq / PAGE_SIZE);
export const pageKey = (conversationId: string, page: number): StoreKey => [conversationId, page];

/**
 * Empties the store if its log header records a wipe; otherwise does nothing. The header stays, with the reason. The transaction must
 * cover all tables. Repeating the call changes nothing.
 */
export const wipeTables = async (tx: StoreTx): Promise<void> => {
  if (((await tx.get('meta', LOG_HEADER_KEY)) as LogHeader | undefined)?.ended === 'wiped') clearTables(tx);
};

/** Deletes all messages outside of the log. */
export const clearPages = (tx: StoreTx): void => {
  for (const table of ['pages', 'indexes'] as const) tx.clear(table);
};

/** Deletes everything except the log header. */
export const clearTables = (tx: StoreTx): void => {
  for (const table of TABLES) if (table !== 'meta') tx.clear(table);
  for (const key of [SNAPSHOT_KEY, PAINT_KEY, ACCOUNT_KEY, PAGES_INTACT_KEY, CIPHER_KEY, RESERVE_KEY]) tx.delete('meta', key);
};
