/**
 * A server store in memory whose transactions run side by side, as in PostgreSQL: between two calls of one transaction another one may
 * commit. So a seed finds a fault that a store with one transaction at a time cannot show.
 *
 *   committed tables ─┬─▶ a read transaction sees the commits of its beginning                        (repeatable read)
 *                     └─▶ each call of a write transaction sees the commits so far, and its own writes (read committed)
 *
 * The store keeps the writes of a transaction until its commit. For the moment of a call it makes the tables as the transaction sees them:
 * it takes later commits back, or applies the transaction's own writes. Then it undoes that. The memory tables answer without waiting, so
 * no other call runs in between.
 */
import { memoryReads } from '../../src/server/store/memory/memory-reads.ts';
import type { MemoryPool, MemoryStore, MemoryStoreOptions } from '../../src/server/store/memory/memory-store.ts';
import { MemoryTables } from '../../src/server/store/memory/memory-tables.ts';
import { memoryWrites } from '../../src/server/store/memory/memory-writes.ts';
import { type ConversationRecord, type RunRecord, sortedPair } from '../../src/server/store/records.ts';
import type { ServerReadTx, ServerStore, ServerTx } from '../../src/server/store/server-store.ts';
import { RowLocks } from './row-locks.ts';

type Undo = (() => void)[];
/** Applies a write to the tables, and adds the steps that take it back. */
type Write = (undo: Undo) => Promise<void>;
type Writes = ReturnType<typeof memoryWrites>;

interface Session {
  /** Of a read transaction: the number of committed writes that it sees. */
  readonly sees?: number;
  readonly writes: Write[];
}

const takeBack = (undo: Undo): void => {
  for (const step of undo.splice(0).reverse()) step();
};

/** The same calls, each run by `run`. */
const mapCalls = <T extends object>(calls: T, run: (call: () => unknown, name: string) => unknown): T =>
  Object.fromEntries(
    Object.entries(calls).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
      name,
      (...args: unknown[]) => run(() => call(...args), name),
    ]),
  ) as T;

/** The rows that a call locks although it names no lock: those with a unique key, and those that the call updates. */
const LOCKED_BY: { readonly [K in keyof Writes]?: (...args: Parameters<Writes[K]>) => readonly string[] } = {
  createDirect: (me, peers) => peers.map((peer) => `direct ${sortedPair(me, peer).join(' ')}`),
  createGroups: (groupIds) => groupIds.map((id) => `group ${id}`),
  insertMessages: (records) => records.map(({ id }) => `message ${id}`),
  putCountingVersion: (userId) => [`counting ${userId}`],
  putDeletedUser: (userId) => [`deleted ${userId}`],
};

/** @param atOnce the number of transactions of one server that run side by side. */
export const createInterleavingStore = (
  { now = Date.now, runId = crypto.randomUUID().replaceAll('-', ''), from }: MemoryStoreOptions = {},
  atOnce = 4,
): MemoryStore => {
  const tables = new MemoryTables(from);
  const locks = new RowLocks();
  let newest = from?.version ?? 0;
  const run: RunRecord = {
    number: (from?.runs.at(-1)?.number ?? 0) + 1,
    id: runId,
    beganAt: ++newest,
    fromCopy: from?.whileWriting ?? false,
  };
  const runs: readonly RunRecord[] = [...(from?.runs ?? []), run];
  // A rolled back transaction leaves a gap in the ids.
  let lastId = Math.max(0, ...tables.all().map(({ conversation }) => conversation.id));

  /** The running transactions, with the version of those that write. */
  const running = new Map<Session, number | undefined>();
  /** Committed writes that a running read transaction may not see, oldest first, and the number of all before them. */
  const recent: { readonly write: Write; readonly undo: Undo }[] = [];
  let forgotten = 0;

  const seenBy = <T>(session: Session, look: () => T): T => {
    if (!running.has(session)) throw new Error('the connection to the database is lost');
    const later = session.sees === undefined ? [] : recent.slice(session.sees - forgotten);
    for (const { undo } of later.toReversed()) takeBack(undo);
    const own: Undo = [];
    for (const write of session.writes) void write(own);
    try {
      return look();
    } finally {
      takeBack(own);
      for (const { write, undo } of later) void write(undo);
    }
  };

  const begin = (kind: 'read' | 'write'): { readonly session: Session; readonly tx: ServerReadTx & { readonly version: number } } => {
    const feedEnd = Math.min(newest, ...[...running.values()].map((version) => (version ?? Infinity) - 1));
    const isBehind = feedEnd < newest;
    const session: Session = { writes: [], ...(kind === 'read' ? { sees: forgotten + recent.length } : {}) };
    running.set(session, kind === 'read' ? undefined : ++newest);
    const reads = mapCalls(memoryReads(tables, now), async (call) => seenBy(session, call));
    return { session, tx: { ...reads, feedEnd, isBehind, version: newest, run, runs: async () => runs, begunAt: now() } };
  };

  const end = (session: Session): void => {
    running.delete(session);
    locks.release(session);
    const oldest = Math.min(forgotten + recent.length, ...[...running.keys()].map(({ sees = Infinity }) => sees));
    recent.splice(0, oldest - forgotten);
    forgotten = oldest;
  };

  const lockAll = async (session: Session, keys: readonly string[]): Promise<void> => {
    for (const key of keys) await locks.take(session, key);
  };

  const writesOf = (session: Session, version: number): Omit<ServerTx, keyof ServerReadTx | 'version'> => {
    const conversationsOf = (ids: readonly number[]): readonly ConversationRecord[] =>
      seenBy(session, () => ids.flatMap((id) => tables.get(id)?.conversation ?? []));
    const lockConversationsById = async (ids: readonly number[]): Promise<readonly ConversationRecord[]> => {
      const inOrder = [...new Set(ids)].sort((a, b) => a - b);
      await lockAll(
        session,
        inOrder.map((id) => `conversation ${id}`),
      );
      return conversationsOf(inOrder);
    };
    /** Keeps a write for the commit. A write that the tables refuse rejects, and is not kept. */
    const keep = async <K extends keyof Writes>(name: K, ...args: Parameters<Writes[K]>): Promise<void> => {
      const keys = LOCKED_BY[name]?.(...args) ?? [];
      await lockAll(session, [...new Set(keys)].sort());
      // The id of a new conversation stays the same, however often the write is applied.
      const ids = new Map<string, number>();
      const newId = (of: string): number => ids.get(of) ?? (ids.set(of, ++lastId), lastId);
      const write: Write = (undo) => (memoryWrites(tables, version, undo, newId)[name] as (...all: typeof args) => Promise<void>)(...args);
      await seenBy(session, () => {
        const undo: Undo = [];
        const outcome = write(undo);
        takeBack(undo);
        return outcome;
      });
      session.writes.push(write);
    };
    const names = Object.keys(memoryWrites(tables, version, [])) as (keyof Writes)[];
    const kept = Object.fromEntries(
      names.map((name) => [name, (...args: Parameters<Writes[typeof name]>) => keep(name, ...args)]),
    ) as unknown as Writes;
    return {
      ...kept,
      lockConversations: async (me, names, also = []) =>
        lockConversationsById(
          seenBy(session, () =>
            names
              .flatMap((name) => tables.named(me, name) ?? [])
              .filter(({ conversation: { groupId }, members }) => members.has(me) || (groupId !== null && also.includes(groupId)))
              .map(({ conversation }) => conversation.id),
          ),
        ),
      lockConversationsById,
      lockAccount: async (userId) => {
        await locks.take(session, `account ${userId}`);
        return seenBy(session, () => memoryWrites(tables, version, []).lockAccount(userId));
      },
      lockSweep: async (sweep) => locks.tryTake(session, `sweep ${sweep}`),
      lockGroup: async (groupId) => {
        const found = seenBy(session, () => tables.named('', `group:${groupId}`)?.conversation.id);
        return found === undefined ? undefined : (await lockConversationsById([found]))[0];
      },
      lockNotices: () => locks.take(session, 'notices'),
    };
  };

  const pool = (): MemoryPool => {
    const mine = new Set<Session>();
    let isClosed = false;
    const inSession = async <T>(kind: 'read' | 'write', body: (tx: ServerTx, session: Session) => Promise<T>): Promise<T> => {
      if (isClosed) throw new Error('the store is closed');
      const { session, tx } = begin(kind);
      mine.add(session);
      try {
        const result = await body({ ...tx, ...writesOf(session, tx.version) }, session);
        // A rolled back transaction commits nothing.
        if (!running.has(session)) throw new Error('the connection to the database is lost');
        for (const write of session.writes) {
          const undo: Undo = [];
          void write(undo);
          recent.push({ write, undo });
        }
        return result;
      } finally {
        mine.delete(session);
        end(session);
      }
    };
    const store: ServerStore = {
      atOnce,
      read: (_name, body) => inSession('read', body),
      tx: (_name, body) => inSession('write', body),
      merged: {
        read: (bodies) => inSession('read', (tx) => Promise.allSettled(bodies.map((body) => body(tx)))),
        tx: (bodies) =>
          inSession('write', async (tx, { writes }) => {
            // All bodies use the same time, so two bodies judge a receipt window alike.
            let at: number | undefined;
            const outcomes: PromiseSettledResult<Awaited<ReturnType<(typeof bodies)[number]>>>[] = [];
            for (const body of bodies) {
              const before = writes.length;
              const [outcome] = await Promise.allSettled([body({ ...tx, now: async () => (at ??= await tx.now()) })]);
              if (outcome.status === 'rejected' && writes.length > before) throw outcome.reason;
              outcomes.push(outcome);
            }
            return outcomes;
          }),
      },
      close: async () => {
        isClosed = true;
      },
    };
    return {
      store,
      rollBack: () => {
        for (const session of mine) end(session);
        mine.clear();
      },
    };
  };

  return {
    ...pool().store,
    pool,
    dump: () =>
      tables.dump(
        newest,
        runs,
        [...running.values()].some((version) => version !== undefined),
      ),
  };
};
