/**
 * What is known of an account's store outside of IndexedDB, so that its loss is noticed: whose generation it was, and how much of what
 * the user did had not reached the server. Kept in Cache Storage, which workers of every kind may write; where the browser has none,
 * nothing is noticed, and nothing else depends on it.
 *
 * A log-out leaves word that it was one, by the generation alone, which says nothing of the account: a tab that finds its store gone
 * and no such word knows that nobody logged out, even where the browser took the note as well.
 */
import type { ReceiptSettings } from '../log/log-record.ts';

export interface OutsideNote {
  readonly generation: string;
  /** Generations before it that were lost, not logged out of; a log-out ends these as well. */
  readonly lost: readonly string[];
  readonly pendingReceipts: number;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
}

const CACHE = 'tidemark-notes';
/** Addresses nobody ever asks for. */
const SITE = 'https://tidemark.invalid/';
const addressOf = (database: string): string => SITE + encodeURIComponent(database);
const ENDS = `${SITE}ended/`;
/** For tabs that still run: older ones nobody asks about. */
const MAX_ENDS = 64;

export interface NoteKeeper {
  read(): Promise<OutsideNote | undefined>;
  write(note: OutsideNote): Promise<void>;
  /** Logged out: the note goes, and word stays that these stores, and those it named, were logged out of. */
  end(generations: readonly string[]): Promise<void>;
  /** The log-out did not come about. */
  takeBack(generations: readonly string[]): Promise<void>;
  /** Whether this store was logged out of; undefined where the browser does not tell. */
  isEnded(generation: string): Promise<boolean | undefined>;
}

/** None of these rejects: where the browser refuses, there is no note. */
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
      // First what needs no room.
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

/** For hosts that only send: as much as is owed now, where this store is the one noted. */
export const notePending = async (note: NoteKeeper, generation: string, pendingReceipts: number): Promise<void> => {
  const noted = await note.read();
  if (noted?.generation === generation && noted.pendingReceipts !== pendingReceipts) await note.write({ ...noted, pendingReceipts });
};

/** Undefined outside of secure contexts, and where even to ask is refused. */
export const cacheStorage = (scope: object): CacheStorage | undefined => {
  try {
    return 'caches' in scope ? (scope.caches as CacheStorage) : undefined;
  } catch {
    return undefined;
  }
};
