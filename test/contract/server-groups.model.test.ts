/** The server's groups against a plain model, under random operations: rows, counts, lists, denominators, positions, refusals. */
import { isDeepStrictEqual } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConversationRow, joinRows } from '../../src/model/conversation/conversation.ts';
import { seqsOf } from '../../src/model/registers/ranges.ts';
import { type GroupReceipt, joinGroupReceipts } from '../../src/model/message/receipt.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import { expireDue } from '../../src/server/expiry.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { findReceipts, listMembers } from '../../src/server/feed/questions.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { pgliteDriver } from '../../src/server/store/sql/pglite.ts';
import { openSqlStore } from '../../src/server/store/sql/sql-store.ts';
import { GroupModel, type ModelPolicy } from './group-model.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall, withClock } from './groups.ts';

const USERS = ['ann', 'ben', 'cat', 'dan', 'eve'] as const;
type User = (typeof USERS)[number];

const user = fc.constantFrom(...USERS);
const id = fc.integer({ min: 1, max: 9 }).map((n) => `m${n}`);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), user, id, asks: fc.boolean(), countable: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ack' as const),
      user,
      seqs: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
      ids: fc.uniqueArray(id, { maxLength: 2 }),
      position: fc.integer({ min: 1, max: 9 }),
      text: fc.constantFrom(null, 'ok', 'on my way'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('join' as const), user, role: fc.constantFrom('member' as const, 'admin' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recall' as const), user, id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pull' as const), user, device: fc.integer({ min: 0, max: 1 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('policy' as const),
      change: fc.record(
        {
          groups: fc.boolean(),
          mayRequest: fc.constantFrom('members' as const, 'admins' as const),
          windowMs: fc.integer({ min: 0, max: 400 }),
          maxMembers: fc.integer({ min: 1, max: 5 }),
          visibleTo: fc.constantFrom('sender' as const, 'members' as const),
        },
        { requiredKeys: [] },
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** vitest compares only different values, because its comparison is slow. */
const same = (actual: unknown, wanted: unknown): void => {
  if (!isDeepStrictEqual(actual, wanted)) expect(actual).toStrictEqual(wanted);
};

/** The state of a device, from all frames of the server. */
interface Copy {
  cursor: string | null;
  row: ConversationRow | undefined;
  /** `seq` of each stored message, and whether the message was recalled. */
  readonly held: Map<number, boolean>;
  readonly receipts: Map<number, GroupReceipt>;
}

class Play {
  readonly model = new GroupModel();
  readonly bench: GroupBench;
  readonly #copies = new Map<string, Copy>();

  constructor(
    store: ServerStore,
    readonly prefix: string,
  ) {
    this.bench = new GroupBench(withClock(store, () => this.model.now));
    this.#setPolicy({});
  }

  get group(): string {
    return `${this.prefix}crew`;
  }

  #setPolicy(change: Partial<ModelPolicy>): void {
    this.model.policy = { ...this.model.policy, ...change };
    this.bench.policy = this.model.policy;
  }

  async #outcome(who: User, entry: { key: string }): Promise<string> {
    const [result] = await this.bench.submit(`${this.prefix}${who}`, entry);
    if (result?.outcome !== 'confirmed') return result?.outcome === 'rejected' ? result.code : 'retry';
    const refused = (result.refused ?? []).map((one) => `${one.id.slice(this.prefix.length)} ${one.code}`).sort();
    return ['confirmed', ...(result.message ? [String(result.message.seq)] : []), ...refused].join(' ');
  }

  async take(one: Step): Promise<void> {
    const { model, prefix, group } = this;
    switch (one.do) {
      case 'send': {
        const entry = groupMessage(group, `${prefix}${one.id}`, { receiptRequested: one.asks, countable: one.countable });
        return same(await this.#outcome(one.user, entry), model.send(one.user, one.id, one.asks, one.countable));
      }
      case 'recall':
        return same(await this.#outcome(one.user, groupRecall(group, `${prefix}${one.id}`)), model.recall(one.user, one.id));
      case 'ack': {
        const [first] = one.ids;
        const entry = groupReceipts(group, {
          position: one.position,
          named: one.seqs.sort((a, b) => a - b).reduce<[number, number][]>(addSeq, []),
          ...(first === undefined ? {} : { namedIds: one.ids.map((name) => `${prefix}${name}`) }),
          ...(first === undefined || one.text === null ? {} : { contents: [{ id: `${prefix}${first}`, text: one.text }] }),
        });
        return same(await this.#outcome(one.user, entry), model.ack(one.user, one.seqs, one.ids, one.position, one.text));
      }
      case 'join':
        await this.bench.members(group, { [`${prefix}${one.user}`]: one.role });
        return model.join(one.user, one.role);
      case 'leave':
        await this.bench.members(group, { [`${prefix}${one.user}`]: null });
        return model.leave(one.user);
      case 'wait':
        model.now += one.ms;
        return;
      case 'sweep':
        await this.bench.store.tx('expire', expireDue);
        return model.sweep();
      case 'pull':
        return void (await this.#pull(one.user, one.device));
      case 'policy':
        return this.#setPolicy(one.change);
    }
  }

  async #pull(who: User, device: number): Promise<Copy> {
    const me = `${this.prefix}${who}`;
    let copy = this.#copies.get(`${who} ${device}`);
    if (!copy) this.#copies.set(`${who} ${device}`, (copy = { cursor: null, row: undefined, held: new Map(), receipts: new Map() }));
    const { held, receipts } = copy;
    const learn = (seq: number, receipt: GroupReceipt): void => {
      const before = receipts.get(seq);
      receipts.set(seq, before ? joinGroupReceipts(before, receipt) : receipt);
    };
    const isFirst = copy.cursor === null;
    for (const frame of await this.bench.pull(me, copy.cursor)) {
      same(frame.from, copy.cursor);
      copy.cursor = frame.to;
      for (const row of frame.rows) copy.row = copy.row ? joinRows(copy.row, row) : row;
      for (const { seq, readCount, memberCount, expired, readers = [] } of frame.receipts ?? []) {
        learn(seq, { readCount, memberCount, expired });
        for (const { by } of readers) expect(this.model.messages[seq - 1]?.acks.map((ack) => this.prefix + ack.user)).toContain(by);
      }
      for (const message of frame.messages.flatMap((of) => of.messages)) {
        held.set(message.seq, message.recalled);
        if (message.receipt) learn(message.seq, message.receipt);
      }
    }
    if (isFirst)
      for (const { seq, receipt, recalled } of await this.bench.fetch(me, this.group)) {
        held.set(seq, recalled);
        if (receipt) learn(seq, receipt);
      }
    return copy;
  }

  async check(): Promise<void> {
    for (const who of USERS) {
      await this.#checkSeat(who);
      await this.#checkMessages(who);
      await this.#checkCopies(who);
    }
  }

  async #checkSeat(who: User): Promise<void> {
    const row = await this.bench.row(`${this.prefix}${who}`, this.group);
    const member = this.model.members.get(who);
    same(row === undefined, member === undefined);
    if (!row || !member) return;
    same(
      {
        latestSeq: row.latestSeq,
        joinedAt: row.joinedAt,
        readUpTo: row.readUpTo,
        unread: unreadAt(row, row.readUpTo),
        present: [...seqsOf(row.present)],
        // A `seq` counts here only if its message requests a receipt or the member has confirmed it.
        named: [...seqsOf(row.mine.named)].filter((seq) => member.named.has(seq) || this.model.messages[seq - 1]?.readers?.includes(who)),
        others: [row.mine.read, row.mine.delivered, row.theirs.named],
      },
      {
        latestSeq: member.role === null ? member.joinedAt : this.model.messages.length,
        joinedAt: member.joinedAt,
        readUpTo: member.position,
        unread: { unreadCount: this.model.unread(who), exact: true },
        present: [...member.present].sort((a, b) => a - b),
        named: [...member.named].sort((a, b) => a - b),
        others: [[], [], []],
      },
    );
  }

  async #checkMessages(who: User): Promise<void> {
    const me = `${this.prefix}${who}`;
    const { messages, members } = this.model;
    const member = members.get(who);
    const isHere = member?.role != null;
    const fetched = await this.bench.fetch(me, this.group);
    // A member sees no message from a time when the user was no member.
    const visible = isHere ? messages.filter(({ seq }) => member.present.has(seq)) : [];
    same(
      fetched.map(({ seq }) => seq),
      visible.map(({ seq }) => seq).reverse(),
    );
    const found = await this.bench.store.read('receipts', (tx) =>
      findReceipts(
        tx,
        this.bench.viewer(me),
        messages.map((one) => this.prefix + one.id),
      ),
    );
    for (const [i, message] of messages.entries()) {
      const { seq, readers, acks, expired } = message;
      const sees = isHere && readers !== null && this.model.sees(who, message);
      const counts = sees
        ? { readCount: acks.length, memberCount: readers.length, expired }
        : { readCount: 0, memberCount: 0, expired: false };
      const location = { location: { conversationId: `group:${this.group}`, seq } };
      same(found[i], { messageId: this.prefix + message.id, ...counts, ...(sees ? location : {}) });
      if (visible.includes(message))
        same(fetched.find((one) => one.seq === seq)?.receipt, readers === null ? undefined : { ...counts, expired });
      if (message.sender !== who && !sees) continue;
      const list = async (filter: 'read' | 'unread') =>
        (
          await this.bench.store.read('members', (tx) =>
            listMembers(tx, this.bench.viewer(me), { messageId: this.prefix + message.id, filter, limit: 10 }, null),
          )
        ).members;
      const acksShown = sees ? acks : [];
      const left = sees ? readers.filter((name) => !acks.some((ack) => ack.user === name)) : [];
      same(
        await list('read'),
        [...acksShown]
          .sort((a, b) => a.at - b.at || (a.user < b.user ? -1 : 1))
          .map(({ user: name, at, text }) => ({ userId: this.prefix + name, readAt: at, ...(text === null ? {} : { content: text }) })),
      );
      same(
        await list('unread'),
        left.sort().map((name) => ({ userId: this.prefix + name, readAt: null })),
      );
    }
  }

  /** A device that followed the feed, from any cursor, has the same state as a new device (I-14). */
  async #checkCopies(who: User): Promise<void> {
    const row = await this.bench.row(`${this.prefix}${who}`, this.group);
    const isHere = this.model.members.get(who)?.role != null;
    for (const device of [0, 1]) {
      if (!this.#copies.has(`${who} ${device}`)) continue;
      const copy = await this.#pull(who, device);
      if (!row) continue;
      same({ ...copy.row, uncounted: row.uncounted, lastMessage: row.lastMessage }, row);
      same(unreadAt(copy.row!, copy.row!.readUpTo), unreadAt(row, row.readUpTo));
      for (const { seq, sender, readers, acks, expired, recalled } of isHere ? this.model.messages : []) {
        if (!copy.held.has(seq)) continue;
        same(copy.held.get(seq), recalled);
        if (!readers) continue;
        const known = copy.receipts.get(seq);
        if (sender === who) same(known, { readCount: acks.length, memberCount: readers.length, expired });
        else if (readers.includes(who)) same(known?.expired, expired);
      }
    }
  }
}

const addSeq = (ranges: [number, number][], seq: number): [number, number][] => {
  const last = ranges[ranges.length - 1];
  if (last && last[1] === seq - 1) last[1] = seq;
  else ranges.push([seq, seq]);
  return ranges;
};

let sql: ServerStore;
beforeAll(async () => {
  sql = await openSqlStore(pgliteDriver(await PGlite.create()));
}, 120_000);
afterAll(() => sql.close());

let round = 0;
const playAll = async (name: string, open: () => ServerStore, numRuns: number, withinMs: number): Promise<number> => {
  const begun = performance.now();
  let runs = 0;
  const list = fc.array(step, { minLength: 4, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(list, async (steps) => {
      runs++;
      const play = new Play(open(), `r${++round}-`);
      // The group starts with three members, because most rules need some.
      for (const one of ['ann', 'ben', 'cat'] as const)
        await play.take({ do: 'join', user: one, role: one === 'ann' ? 'admin' : 'member' });
      for (const one of steps) await play.take(one);
      await play.check();
    }),
    { numRuns, interruptAfterTimeLimit: withinMs, markInterruptAsFailure: false },
  );
  process.stdout.write(`groups against the model, ${name}: ${runs} lists in ${Math.round(performance.now() - begun)} ms\n`);
  return runs;
};

/** Two idle cores need a quarter of a minute. A busy machine stops earlier and prints its progress. */
const LISTS = 10_000;

it('the memory store and the model end in the same state', { timeout: 60_000 }, async () => {
  expect(await playAll('memory', () => createMemoryStore(), LISTS, 40_000)).toBeGreaterThan(50);
});

it('the SQL store and the model end in the same state', { timeout: 60_000 }, async () => {
  expect(await playAll('PGlite', () => sql, 500, 8_000)).toBeGreaterThan(0);
});
