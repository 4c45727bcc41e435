/** What lies where. One database per (server, account). */
import type { StoreKey, TableName } from '../ports/ports.ts';

/** Raised when old code could not read what new code wrote; old code then refuses to write (F09). */
export const SCHEMA = 1;

export const TABLES: readonly TableName[] = ['meta', 'journal', 'pages', 'indexes'];

/** `meta`: where the journal ends, and what was folded out of it. */
export const HEAD_KEY = 'head';
export const SNAPSHOT_KEY = 'snapshot';
/** The record the page reads by itself before the worker is there. */
export const PAINT_KEY = 'paint';

export interface Head {
  readonly schema: number;
  /** Made with the database: another one means that storage was lost. */
  readonly generation: string;
  /** Newest journal record. */
  readonly version: number;
  /** Journal records up to here were folded into snapshot and pages, and deleted. */
  readonly folded: number;
  /** The leader's number: a write by an older one changes nothing (I-19). */
  readonly fence: number;
}

/** Messages per page: aligned, so a place in a conversation names its page, and gaps and backfill need no thought. */
export const PAGE_SIZE = 128;

export const pageOf = (seq: number): number => Math.floor(seq / PAGE_SIZE);
export const pageKey = (conversationId: string, page: number): StoreKey => [conversationId, page];
