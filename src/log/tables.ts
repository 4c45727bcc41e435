/** What lies where. One database per (server, account). */
import type { StoreKey, StoreTx, TableName } from '../ports/ports.ts';

/** Raised when old code could not read what new code wrote; old code then refuses to write (F09). */
export const SCHEMA = 1;

export const TABLES: readonly TableName[] = ['meta', 'log', 'pages', 'indexes'];

/** `meta`: where the journal ends, and what was folded out of it. */
export const HEAD_KEY = 'head';
export const SNAPSHOT_KEY = 'snapshot';
/** The record the page reads by itself before the worker is there. */
export const PAINT_KEY = 'paint';
/** Whose it is. */
export const ACCOUNT_KEY = 'account';

/** There unless room is being made: pages are deleted before it can be written down that they were. */
export const PAGES_INTACT_KEY = 'whole';

export interface LogHeader {
  readonly schema: number;
  /**
   * Made with the database, and anew at every log-out: a writer that finds another one than it began with changes nothing. Another one
   * that nobody logged out for means that storage was lost.
   */
  readonly generation: string;
  /** Newest journal record. */
  readonly version: number;
  /** Journal records up to here were folded into snapshot and pages, and deleted. */
  readonly compactedUpTo: number;
  /** The leader's number: a write by an older one changes nothing (I-19). */
  readonly fence: number;
  /**
   * Logged out: nobody reads, writes or sends until a client is created again. `wiped`: what is left here goes then, before anything
   * is shown. `kept`: the app asked to keep it.
   */
  readonly ended?: 'wiped' | 'kept';
}

/** Messages per page: aligned, so a place in a conversation names its page, and gaps and backfill need no thought. */
export const PAGE_SIZE = 128;

export const pageOf = (seq: number): number => Math.floor(seq / PAGE_SIZE);
export const pageKey = (conversationId: string, page: number): StoreKey => [conversationId, page];

/**
 * Empties a store whose wipe is recorded, all but the head, which says why; does nothing to any other. Runs over all tables. Repeating
 * it changes nothing.
 */
export const wipeTables = async (tx: StoreTx): Promise<void> => {
  if (((await tx.get('meta', HEAD_KEY)) as LogHeader | undefined)?.ended === 'wiped') clearTables(tx);
};

/** Every message that is not in the journal. */
export const clearPages = (tx: StoreTx): void => {
  for (const table of ['pages', 'indexes'] as const) tx.deleteRange(table, { from: pageKey('', 0), upTo: pageKey('\uffff', 0) });
};

/** All but the head. */
export const clearTables = (tx: StoreTx): void => {
  tx.deleteRange('log', { from: 0, upTo: Number.MAX_SAFE_INTEGER });
  clearPages(tx);
  for (const key of [SNAPSHOT_KEY, PAINT_KEY, ACCOUNT_KEY, PAGES_INTACT_KEY]) tx.delete('meta', key);
};
