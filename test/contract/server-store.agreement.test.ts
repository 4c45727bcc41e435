/** The memory store and the SQL store under the same random operations, and both against plain counting. */
import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConversationRow, joinRows } from '../../src/model/conversation/conversation.ts';
import { contains, fromSeqs, type Ranges } from '../../src/model/registers/ranges.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import type { WireMessage } from '../../src/protocol/changes.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { pgliteDriver } from '../../src/server/store/sql/pglite.ts';
import { openSqlStore } from '../../src/server/store/sql/sql-store.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { amongStrangers } from './server-merged.ts';
import { fetchAll, pullAll, submit } from './server-store.ts';

const memory = createMemoryStore();
let sql: ServerStore;
beforeAll(async () => {
  // Each transaction is shared, as on a busy server: merged statements must answer as the statements alone.
  sql = amongStrangers(await openSqlStore(pgliteDriver(await PGlite.create())));
}, 120_000);
afterAll(() => sql.close());

const USERS = ['ann', 'ben', 'cat'] as const;
const ranges: fc.Arbitrary<Ranges> = fc.array(fc.integer({ min: 1, max: 14 }), { maxLength: 5 }).map(fromSeqs);
const flag = fc.record({ count: fc.integer({ min: 0, max: 3 }), value: fc.boolean() });
const pairs = fc.constantFrom(...USERS.flatMap((me) => USERS.filter((peer) => peer !== me).map((peer) => ({ me, peer }))));

const message = fc.record({
  kind: fc.constant('message' as const),
  n: fc.integer({ min: 0, max: 40 }),
  text: fc.constantFrom('"a"', '"b"'),
  receiptRequested: fc.boolean(),
  countable: fc.boolean(),
});
const receipts = fc.record(
  {
    kind: fc.constant('receipts' as const),
    position: fc.integer({ min: 1, max: 15 }),
    cleared: ranges,
    read: ranges,
    delivered: ranges,
    named: ranges,
    ackedNs: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 }),
    muted: flag,
    marked: fc.record(
      {
        count: fc.integer({ min: 0, max: 3 }),
        value: fc.boolean(),
        at: fc.integer({ min: 0, max: 15 }),
        from: fc.integer({ min: 1, max: 15 }),
        cleared: ranges,
      },
      { requiredKeys: ['count', 'value', 'at'] },
    ),
    archived: fc.record({ count: fc.integer({ min: 0, max: 3 }), value: fc.boolean(), at: fc.integer({ min: 0, max: 15 }) }),
    stale: fc.boolean(),
  },
  { requiredKeys: ['kind'] },
);
const frames = fc.array(fc.record({ who: pairs, ops: fc.array(fc.oneof(message, message, receipts), { minLength: 1, maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 14,
});

/** Versions, times and cursors differ between stores. */
const comparable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(
      value,
      (key, item: unknown) => (['version', 'sentAt', 'asOf', 'from', 'to', 'times'].includes(key) ? undefined : item),
      0,
    ).replaceAll(/"at":1[0-9]{12}/g, '"at":0'),
  );

let round = 0;
type Frames = readonly { who: { me: string; peer: string }; ops: readonly object[] }[];
const play = async (store: ServerStore, prefix: string, list: Frames) => {
  const seen: unknown[] = [];
  const copies = new Map<string, { cursor: string | null; rows: Map<string, ConversationRow> }>(
    USERS.map((user) => [user, { cursor: null, rows: new Map() }]),
  );
  const catchUp = async (user: string): Promise<void> => {
    const copy = copies.get(user)!;
    for (const frame of (await pullAll(store, `${prefix}${user}`, copy.cursor))!) {
      expect(frame.from).toBe(copy.cursor);
      copy.cursor = frame.to;
      for (const row of frame.rows) {
        const before = copy.rows.get(row.conversationId);
        copy.rows.set(row.conversationId, before ? joinRows(before, row) : row);
      }
      seen.push(comparable(frame));
    }
  };
  let key = 0;
  for (const [i, { who, ops }] of list.entries()) {
    const entries = ops.map((op) => {
      const { n, text, ackedNs, stale, ...rest } = op as { n?: number; text?: string; ackedNs?: number[]; stale?: boolean };
      return {
        ...rest,
        key: `k${key++}`,
        conversationId: `direct:${prefix}${who.peer}`,
        cursor: stale ? 'gone.1' : null,
        ...(n === undefined ? {} : { id: `${prefix}${n}`, body: text }),
        ...(ackedNs ? { namedIds: ackedNs.map((one) => `${prefix}${one}`) } : {}),
      };
    });
    seen.push(comparable(await submit(store, `${prefix}${who.me}`, ...entries)));
    if (i % 3 === 0) await catchUp(who.peer);
  }
  const ends: Record<string, ConversationRow[]> = {};
  for (const user of USERS) {
    await catchUp(user);
    const fresh = (await pullAll(store, `${prefix}${user}`, null))!.flatMap(({ rows }) => rows);
    ends[user] = fresh;
    // The feed skipped nothing: a device on the feed has the same state as a new device (I-14).
    const followed = copies.get(user)!.rows;
    expect(followed.size).toBe(fresh.length);
    for (const row of fresh) {
      const mine = followed.get(row.conversationId)!;
      expect({ ...mine, uncounted: row.uncounted }).toEqual(row);
      expect(unreadAt(mine, mine.readUpTo)).toEqual(unreadAt(row, row.readUpTo));
    }
  }
  return { seen, ends };
};

const check = async (store: ServerStore, prefix: string, list: Frames, ends: Record<string, ConversationRow[]>): Promise<void> => {
  for (const user of USERS)
    for (const row of ends[user]!) {
      const me = `${prefix}${user}`;
      const messages: WireMessage[] = await fetchAll(store, me, row.conversationId.slice('direct:'.length));
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: row.latestSeq }, (_, i) => row.latestSeq - i));
      // I-12, counted message by message.
      const { marked, readUpTo } = row;
      const isFrom = marked.from !== undefined && marked.value && readUpTo <= marked.at;
      const read = isFrom ? Math.min(readUpTo, marked.from - 1) : readUpTo;
      const counts = (one: WireMessage): boolean => one.senderId !== me && one.countable && !one.recalled;
      const isCleared = (seq: number): boolean => contains(isFrom && seq >= marked.from ? (marked.cleared ?? []) : row.cleared, seq);
      const unread = messages.filter((one) => one.seq > read && counts(one) && !isCleared(one.seq));
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: unread.length, exact: true });
      // The messages are the newest first.
      const later = messages.filter(({ seq, senderId, countable }) => seq > row.archived.at && senderId !== me && countable);
      expect(row.reopenedBy).toBe(row.archived.value ? (later.at(-1)?.seq ?? 0) : 0);
      const cleared = list.flatMap(({ who, ops }) =>
        who.me === user && `direct:${prefix}${who.peer}` === row.conversationId
          ? ops.flatMap((op) => (op as { cleared?: Ranges }).cleared ?? [])
          : [],
      );
      for (const { seq, ...one } of messages)
        if (seq > read) {
          expect(contains(row.uncounted, seq)).toBe(!counts({ seq, ...one }));
          if (contains(row.cleared, seq)) expect(cleared.some(([from, upTo]) => from <= seq && seq <= upTo)).toBe(true);
        }
      for (const one of messages) {
        // A message has the time of a receipt exactly if the receipt was sent (I-5).
        for (const kind of ['delivered', 'read', 'named'] as const) {
          const isReceipt = one.senderId === me && contains(row.theirs[kind], one.seq);
          expect(one.times?.[kind] !== undefined, `${kind} ${one.seq} ${JSON.stringify(row.theirs)}`).toBe(isReceipt);
        }
        if (contains(row.mine.named, one.seq) && one.senderId !== me) expect(one.receiptRequested).toBe(true);
      }
      for (const set of [...Object.values(row.mine), ...Object.values(row.theirs)] as Ranges[])
        for (const [, upTo] of set) expect(upTo).toBeLessThanOrEqual(row.latestSeq);
    }
};

it(
  'the memory store and the SQL store give equal answers, skip no change and count right, under random operations',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(frames, async (list) => {
        const prefix = `r${++round}-`;
        const [left, right] = [await play(memory, prefix, list), await play(sql, prefix, list)];
        expect(right.seen).toEqual(left.seen);
        expect(comparable(right.ends)).toEqual(comparable(left.ends));
        await check(memory, prefix, list, left.ends);
        await check(sql, prefix, list, right.ends);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 25_000, markInterruptAsFailure: false },
    );
  },
);
