/**
 * A server store in memory, for tests, simulations and trials. Transactions run one after another; a failed
 * one is undone.
 */
import { readOptions } from '../../../model/option-names.ts';
import { memoryReads } from './memory-reads.ts';
import { type MemoryDump, MemoryTables } from './memory-tables.ts';
import { memoryWrites } from './memory-writes.ts';
import type { RunRecord } from '../records.ts';
import type { ServerReadTx, ServerStore, ServerTx } from '../server-store.ts';

/** The options of `createMemoryStore`. */
export interface MemoryStoreOptions {
  /** The clock that stands for the database's clock, epoch ms. Default `Date.now`. */
  readonly now?: () => number;
  /** The id of this run. Default: random. */
  readonly runId?: string;
  /** A copy of another store's data to begin with, as after a restart of the server. */
  readonly from?: MemoryDump;
}

/** The connections of one server process to a database. */
export interface MemoryPool {
  readonly store: ServerStore;
  /** Ends the running transactions without their writes: the process has died. */
  rollBack(): void;
}

/** A store in memory, for tests and for trying things. A restart loses it. */
export interface MemoryStore extends ServerStore {
  /** A copy of all data, for `from`. */
  dump(): MemoryDump;
  /** Opens connections. Absent if the transactions of this store run one after another. */
  pool?(): MemoryPool;
}

/** @throws {UsageError} for an option with an unknown name. */
export const createMemoryStore = (options: MemoryStoreOptions = {}): MemoryStore => {
  const { now = Date.now, runId, from } = readOptions(options, 'createMemoryStore', { now: 1, runId: 1, from: 1 }, 'usage/invalid-option');
  const tables = new MemoryTables(from);
  const runs: RunRecord[] = [...(from?.runs ?? [])];
  let version = from?.version ?? 0;
  const run: RunRecord = {
    number: (runs[runs.length - 1]?.number ?? 0) + 1,
    id: runId ?? crypto.randomUUID().replaceAll('-', ''),
    beganAt: ++version,
    fromCopy: from?.whileWriting ?? false,
  };
  runs.push(run);

  const reads: Omit<ServerReadTx, 'feedEnd'> = {
    ...memoryReads(tables, now),
    isBehind: false,
    run,
    runs: async () => runs,
    // The copy for each transaction has the time of its begin.
    get begunAt() {
      return now();
    },
  };
  const lockConversations: ServerTx['lockConversations'] = async (me, names, also = []) =>
    [...new Set(names)]
      .flatMap((name) => tables.named(me, name) ?? [])
      .filter(({ conversation: { groupId }, members }) => members.has(me) || (groupId !== null && also.includes(groupId)))
      .map(({ conversation }) => conversation)
      .sort((a, b) => a.id - b.id);
  const writes = (at: number, undo: (() => void)[]): ServerTx => ({
    ...reads,
    ...memoryWrites(tables, at, undo),
    lockConversations,
    feedEnd: version,
    version: at,
  });

  let tail: Promise<unknown> = Promise.resolve();
  let closed = false;
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    const turn = tail.then(body);
    tail = turn.catch(() => undefined);
    return turn;
  };

  /** Runs the body; its writes are undone if it fails. */
  const undoable = async <T>(body: (tx: ServerTx) => Promise<T>): Promise<T> => {
    const undo: (() => void)[] = [];
    try {
      return await body(writes(version + 1, undo));
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  };

  return {
    read: (_name, body) => inTurn(() => body({ ...reads, feedEnd: version })),
    tx: (_name, body) =>
      inTurn(async () => {
        const result = await undoable(body);
        version++;
        return result;
      }),
    merged: {
      read: (bodies) => inTurn(() => Promise.allSettled(bodies.map((body) => body({ ...reads, feedEnd: version })))),
      tx: (bodies) =>
        inTurn(async () => {
          const outcomes = [];
          for (const body of bodies) outcomes.push(...(await Promise.allSettled([undoable(body)])));
          version++;
          return outcomes;
        }),
    },
    close: async () => {
      closed = true;
      await tail;
    },
    dump: () => tables.dump(version, runs, false),
  };
};
