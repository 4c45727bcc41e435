/**
 * What is known of an account's store outside of IndexedDB, so that its loss is noticed: whose generation it was, and how much of what
 * the user did had not reached the server. Kept in Cache Storage, which workers of every kind may write; where the browser has none,
 * nothing is noticed, and nothing else depends on it.
 */
import type { ReceiptSettings } from './journal.ts';

export interface OutsideNote {
  readonly generation: string;
  /** Generations before it that were lost, not logged out of. */
  readonly lost: readonly string[];
  readonly owed: number;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
}

const CACHE = 'tidemark-notes';
/** An address nobody ever asks for. */
const addressOf = (database: string): string => `https://tidemark.invalid/${encodeURIComponent(database)}`;

export interface NoteKeeper {
  read(): Promise<OutsideNote | undefined>;
  write(note: OutsideNote): Promise<void>;
  forget(): Promise<void>;
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
  return {
    read: () => quietly(async (cache) => (await (await cache.match(address))?.json()) as OutsideNote | undefined),
    async write(note) {
      await quietly((cache) => cache.put(address, new Response(JSON.stringify(note))));
    },
    async forget() {
      await quietly((cache) => cache.delete(address));
    },
  };
};

/** For hosts that only send: as much as is owed now, where this store is the one noted. */
export const noteOwed = async (note: NoteKeeper, generation: string, owed: number): Promise<void> => {
  const noted = await note.read();
  if (noted?.generation === generation && noted.owed !== owed) await note.write({ ...noted, owed });
};

/** Undefined outside of secure contexts, and where even to ask is refused. */
export const cacheStorage = (scope: object): CacheStorage | undefined => {
  try {
    return 'caches' in scope ? (scope.caches as CacheStorage) : undefined;
  } catch {
    return undefined;
  }
};
