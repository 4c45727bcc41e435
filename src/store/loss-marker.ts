/**
 * A note about an account's store outside of IndexedDB, so that a loss of the store is noticed: its generation and its
 * number of pending receipts. The note is in Cache Storage, which workers of all kinds may write. Without Cache
 * Storage, losses go unnoticed, and everything else works.
 *
 * A log-out records the ended generation, which says nothing about the account. A tab that finds its store gone and no
 * such record knows of a loss, even if the browser deleted the note as well.
 */
import type { ReceiptSettings } from '../model/message/receipt-settings.ts';

export interface OutsideNote {
  readonly generation: string;
  /** Earlier generations that were lost without a log-out. A log-out ends them as well. */
  readonly lost: readonly string[];
  readonly pendingReceipts: number;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
}

const CACHE = 'tidemark-notes';
/** A prefix of addresses that no page ever requests. */
const SITE = 'https://tidemark.invalid/';
const addressOf = (database: string): string => SITE + encodeURIComponent(database);
const ENDS = `${SITE}ended/`;
/** The maximum number of records of ended generations. Only running tabs read them, so old ones may go. */
const MAX_ENDS = 64;

export interface NoteKeeper {
  read(): Promise<OutsideNote | undefined>;
  write(note: OutsideNote): Promise<void>;
  /** Records a log-out: deletes the note, and records these generations and those of the note as ended. */
  end(generations: readonly string[]): Promise<void>;
  /** Undoes `end`, because the log-out failed. */
  takeBack(generations: readonly string[]): Promise<void>;
  /** True if a log-out ended this store; undefined if the browser does not answer. */
  isEnded(generation: string): Promise<boolean | undefined>;
}

/** Creates the note's keeper. Its methods never reject: if the browser refuses, there is no note. */
export const keepNote = (caches: CacheStorage | undefined, database: string): NoteKeeper => {
  const address = addressOf(database);
  const quietly = async <T>(run: (cache: Cache) => Promise<T>): Promise<T | undefined> => {
    try {
      return caches ? await run(await caches.open(CACHE)) : undefined;
    } catch {
      return undefined;
    }
  };
  const read = (): Promise<OutsideNote | undefined> =>
    quietly(async (cache) => (await (await cache.match(address))?.json()) as OutsideNote | undefined);
  return {
    read,
    async write(note) {
      await quietly((cache) => cache.put(address, new Response(JSON.stringify(note))));
    },
    async end(generations) {
      const noted = await read();
      const ended = new Set([...(noted ? [noted.generation, ...noted.lost] : []), ...generations]);
      // The deletion comes first, because it needs no room.
      await quietly((cache) => cache.delete(address));
      await quietly(async (cache) => {
        for (const generation of ended) await cache.put(ENDS + generation, new Response());
        const all = (await cache.keys()).filter(({ url }) => url.startsWith(ENDS));
        for (const old of all.slice(0, -MAX_ENDS)) await cache.delete(old);
      });
    },
    async takeBack(generations) {
      await quietly(async (cache) => {
        for (const generation of generations) await cache.delete(ENDS + generation);
      });
    },
    isEnded: (generation) => quietly(async (cache) => (await cache.match(ENDS + generation)) !== undefined),
  };
};

/** Updates the number of pending receipts, for hosts that only send. Does nothing if the note concerns another store. */
export const notePending = async (note: NoteKeeper, generation: string, pendingReceipts: number): Promise<void> => {
  const noted = await note.read();
  if (noted?.generation === generation && noted.pendingReceipts !== pendingReceipts) await note.write({ ...noted, pendingReceipts });
};

/** Undefined outside of secure contexts, or if the browser refuses access. */
export const cacheStorage = (scope: object): CacheStorage | undefined => {
  try {
    return 'caches' in scope ? (scope.caches as CacheStorage) : undefined;
  } catch {
    return undefined;
  }
};
