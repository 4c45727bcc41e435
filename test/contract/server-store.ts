/** The rules of every server store. Each implementation runs this suite; users are new in every test. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import type { Ranges } from '../../src/model/registers/ranges.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import type { WireMessage } from '../../src/protocol/changes.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import type { WireResult } from '../../src/protocol/submit.ts';
import { applyEntries, type Rules } from '../../src/server/submit/apply-entries.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import { planFetch, readMessages } from '../../src/server/feed/fetch-messages.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { describeAbsences } from './server-absences.ts';
import { describeCleared } from './server-cleared.ts';
import { describeArchive } from './server-archive.ts';
import { describeCounting } from './server-counting.ts';
import { describeDeletion } from './server-deletion.ts';
import { describeFlags } from './server-flags.ts';
import { describePrivate } from './server-private.ts';
import { describeGroups } from './server-groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { describeImport } from './server-import.ts';
import { describeMerged } from './server-merged.ts';
import { describeMentions } from './server-mentions.ts';
import { describeNotices } from './server-notices.ts';
import { describeRecalls } from './server-recalls.ts';
import { describeRetention } from './server-retention.ts';
import { describeScattered } from './server-scattered.ts';
import { describeSettings } from './server-settings.ts';
import { describeTotals } from './server-totals.ts';

export interface StoreBench {
  open(): Promise<ServerStore>;
  /** Copies the store as a backup does, and starts a store over the copy. */
  startFromCopy(store: ServerStore): Promise<ServerStore>;
  /** The copy is another database: it may lack a transaction that ran while the copy was made. Absent: the copy is exact. */
  readonly copyMayLack?: true;
}

export const RULES: Rules = { mayWrite: () => true, receipts: () => DEFAULT_POLICY.receipts };

export const submit = async (store: ServerStore, me: string, ...entries: readonly { key: string }[]): Promise<readonly WireResult[]> =>
  (await store.tx('submit', (tx) => applyEntries(tx, { userId: me, deviceId: `${me}-phone` }, readEntries(me, entries), RULES))).results;

/** The result of an entry. */
export const submitOne = async (store: ServerStore, me: string, entry: { key: string }): Promise<WireResult> =>
  (await submit(store, me, entry))[0]!;

/** All frames after the cursor, over all pages; `undefined` if the cursor is unknown. */
export const pullAll = async (store: ServerStore, me: string, cursor: string | null): Promise<Frame<'changes'>[] | undefined> => {
  const frames: Frame<'changes'>[] = [];
  for (let at = cursor; ;) {
    const here = at;
    const page = await store.read('changes', (tx) => pullPage(tx, { userId: me, membersSeeReaders: false }, here, cursor === null));
    if (!page) return undefined;
    frames.push(...page.frames);
    at = page.frames[page.frames.length - 1]!.to;
    if (page.complete) return frames;
  }
};

export const cursorOf = async (store: ServerStore, me: string): Promise<string> => (await pullAll(store, me, null))!.at(-1)!.to;

export const rowOf = async (store: ServerStore, me: string, peer: string): Promise<ConversationRow> => {
  const rows = (await pullAll(store, me, null))!.flatMap(({ rows }) => rows);
  return rows.find(({ conversationId }) => conversationId === `direct:${peer}`)!;
};

export const fetchAll = async (
  store: ServerStore,
  me: string,
  peer: string,
  seqs: Ranges = [[1, 100_000]],
  limit = 2000,
): Promise<WireMessage[]> => {
  const out: WireMessage[] = [];
  const wants = [{ conversationId: `direct:${peer}` as const, seqs: seqs.map(([a, b]): [number, number] => [a, b]), limit }];
  for (let plan = await store.read('plan', (tx) => planFetch(tx, me, wants, limit)); plan.ranges.length > 0;) {
    const here = plan;
    const { lists, rest } = await store.read('fetch', (tx) => readMessages(tx, { userId: me, membersSeeReaders: false }, here, 32_768));
    for (const { messages } of lists.flat()) out.push(...messages);
    plan = rest;
  }
  return out;
};

let people = 0;
const pair = (): [string, string] => [`alice-${++people}`, `bob-${people}`];

export const describeServerStore = (name: string, bench: StoreBench): void => {
  describe(`ServerStore: ${name}`, () => {
    let store: ServerStore;
    beforeAll(async () => {
      store = await bench.open();
    }, 120_000);
    afterAll(() => store.close());

    const say = async (from: string, to: string, count: number): Promise<void> => {
      const stamp = `${from}-${to}-${Math.random().toString(36).slice(2)}`;
      await submit(store, from, ...Array.from({ length: count }, (_, i) => messageTo(to, `${stamp}-${i}`)));
    };

    describeMerged(() => store);

    it('messages get the seqs 1, 2, 3, …, and a repeated message gets the same answer (I-2, F61)', async () => {
      const [alice, bob] = pair();
      const first = messageTo(bob, `${alice}-m1`);
      const answers = await submit(store, alice, first, messageTo(bob, `${alice}-m2`), first);
      expect(answers.map((one) => one.outcome === 'confirmed' && one.message?.seq)).toEqual([1, 2, 1]);
      const cursor = await cursorOf(store, bob);
      const again = await submitOne(store, alice, { ...first, key: 'another-key' });
      expect(again).toMatchObject({ outcome: 'confirmed', key: 'another-key', message: { seq: 1 }, row: { latestSeq: 2 } });
      expect((await pullAll(store, bob, cursor))!.flatMap(({ rows }) => rows)).toEqual([]);
    });

    it('an id that names another message is refused, from any sender', async () => {
      const [alice, bob] = pair();
      await submit(store, alice, messageTo(bob, `${alice}-x`));
      const conflicts = [
        await submitOne(store, alice, messageTo(bob, `${alice}-x`, '"other"')),
        await submitOne(store, bob, messageTo(alice, `${alice}-x`)),
        await submitOne(store, alice, messageTo(`${bob}-else`, `${alice}-x`)),
        await submitOne(store, alice, { ...messageTo(bob, `${alice}-x`), countable: false } as { key: string }),
      ];
      for (const one of conflicts) expect(one).toMatchObject({ outcome: 'rejected', code: 'rejected/id-conflict' });
    });

    it('the valid entries of a frame are accepted, and the others are refused by key (F62, F105)', async () => {
      const [alice, bob] = pair();
      const results = await submit(
        store,
        alice,
        messageTo(bob, `${alice}-1`),
        { key: 'teleport', kind: 'teleport' } as { key: string },
        { ...messageTo(bob, `${alice}-2`), senderId: bob } as { key: string },
        { ...receiptsTo(bob, { position: 1 }), readAt: 1 } as { key: string },
        messageTo(alice, `${alice}-3`),
        { ...messageTo('x', `${alice}-4`), conversationId: 'group:g' } as { key: string },
        messageTo(bob, `${alice}-5`, JSON.stringify('x'.repeat(16 * 1024))),
        messageTo(bob, `${alice}-6`, '"\u0000"'),
        messageTo(bob, `${alice}-7`, '"\ud800"'),
        receiptsTo(`${bob}-stranger`, { position: 1 }),
        messageTo(bob, `${alice}-8`),
      );
      expect(results.map((one) => (one.outcome === 'rejected' ? one.code.slice(9) : one.outcome))).toEqual([
        'confirmed',
        'unsupported',
        'unsupported',
        'unsupported',
        'unsupported',
        'no-such-conversation',
        'too-large',
        'unsupported',
        'unsupported',
        'no-such-conversation',
        'confirmed',
      ]);
      expect((await rowOf(store, bob, alice)).latestSeq).toBe(2);
    });

    it('positions merge by maximum and receipts by union, and a repeated entry changes nothing (I-2, I-4, F86)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 10);
      const entry = receiptsTo(alice, { position: 7, read: [[2, 3]], delivered: [[1, 10]], named: [[5, 5]] });
      await submit(store, bob, entry);
      await submit(
        store,
        bob,
        receiptsTo(alice, {
          position: 4,
          read: [
            [1, 1],
            [6, 6],
          ],
        }),
      );
      const row = await rowOf(store, bob, alice);
      expect(row).toMatchObject({
        readUpTo: 7,
        readBy: { deviceId: `${bob}-phone` },
        mine: {
          read: [
            [1, 3],
            [6, 6],
          ],
          delivered: [[1, 10]],
          named: [[5, 5]],
        },
      });
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: 3, exact: true });
      expect((await rowOf(store, alice, bob)).theirs).toEqual(row.mine);

      const cursor = await cursorOf(store, alice);
      await submit(store, bob, entry, receiptsTo(alice, { read: [[6, 6]], position: 1 }));
      expect((await pullAll(store, alice, cursor))!.flatMap(({ rows, steps }) => [...rows, ...steps])).toEqual([]);
    });

    it('positions and receipts end at the newest existing message (I-5)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 3);
      await submit(
        store,
        bob,
        receiptsTo(alice, {
          position: 99,
          read: [[2, 99]],
          delivered: [[50, 60]],
          named: [[3, 99]],
          marked: { count: 1, value: true, at: 99 },
        }),
      );
      const row = await rowOf(store, bob, alice);
      expect(row).toMatchObject({ readUpTo: 3, marked: { at: 3 }, mine: { read: [[2, 3]], delivered: [], named: [[3, 3]] } });
    });

    it('message read receipts are accepted only where they are requested, and each id is judged alone', async () => {
      const [alice, bob] = pair();
      await submit(
        store,
        alice,
        messageTo(bob, `${alice}-asks`),
        { ...messageTo(bob, `${alice}-silent`), receiptRequested: false } as { key: string },
        messageTo(bob, `${alice}-asks-too`),
      );
      await submit(store, bob, messageTo(alice, `${bob}-own`));
      await submit(store, `${alice}-x`, messageTo(`${bob}-x`, `${alice}-foreign`));
      const ids = [`${alice}-asks-too`, `${bob}-own`, `${alice}-foreign`, `${alice}-nowhere`];
      const result = await submitOne(store, bob, receiptsTo(alice, { named: [[1, 4]], namedIds: ids }));
      expect(result).toMatchObject({
        outcome: 'confirmed',
        row: {
          mine: {
            named: [
              [1, 1],
              [3, 3],
            ],
          },
        },
        refused: [
          { id: `${alice}-foreign`, code: 'rejected/unknown-message' },
          { id: `${alice}-nowhere`, code: 'rejected/unknown-message' },
        ],
      });
    });

    it('only the sender can recall a message: the body goes, the count drops, and a repetition changes nothing (F83)', async () => {
      const [alice, bob] = pair();
      const recall = (of: string, id: string) => ({
        kind: 'recall',
        key: `recall-${id}-${of}`,
        conversationId: `direct:${of}`,
        cursor: null,
        id,
      });
      await submit(store, alice, messageTo(bob, `${alice}-1`), messageTo(bob, `${alice}-2`), messageTo(bob, `${alice}-3`));
      expect(
        await submit(store, bob, recall(alice, `${alice}-2`), recall(alice, 'nowhere'), recall(`${alice}-else`, `${alice}-2`)),
      ).toMatchObject([
        { outcome: 'rejected', code: 'rejected/permission-denied' },
        { outcome: 'rejected', code: 'rejected/unknown-message' },
        { outcome: 'rejected', code: 'rejected/no-such-conversation' },
      ]);
      const cursor = await cursorOf(store, bob);
      expect(await submitOne(store, alice, recall(bob, `${alice}-2`))).toMatchObject({ outcome: 'confirmed' });
      const changes = (await pullAll(store, bob, cursor))!;
      expect(changes.flatMap(({ messages }) => messages)).toMatchObject([{ messages: [{ id: `${alice}-2`, recalled: true, body: '' }] }]);
      const row = await rowOf(store, bob, alice);
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: 2, exact: true });
      expect((await fetchAll(store, bob, alice)).map(({ body }) => body === '')).toEqual([false, true, false]);
      // A device without an answer sends the message again, and learns of the recall.
      expect(await submitOne(store, alice, messageTo(bob, `${alice}-2`))).toMatchObject({ message: { seq: 2, recalled: true } });
      // The receipts of the message end: a later receipt has no effect and is not refused.
      expect(await submitOne(store, bob, receiptsTo(alice, { named: [[2, 3]] }))).toMatchObject({
        outcome: 'confirmed',
        row: { mine: { named: [[3, 3]] } },
      });
      const after = await cursorOf(store, bob);
      await submit(store, alice, recall(bob, `${alice}-2`));
      expect((await pullAll(store, bob, after))!.flatMap(({ rows }) => rows)).toEqual([]);
      // The same holds within one frame, and a repeated message stays recalled.
      const both = await submit(store, alice, messageTo(bob, `${alice}-4`), recall(bob, `${alice}-4`), messageTo(bob, `${alice}-4`));
      expect(both.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed']);
      expect((await fetchAll(store, bob, alice)).find(({ id }) => id === `${alice}-4`)).toMatchObject({ recalled: true, body: '', seq: 4 });
    });

    it('stored receipts close gaps that hold only the reader’s own messages, and no others', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 2);
      await say(bob, alice, 2);
      await say(alice, bob, 2);
      const cursor = await cursorOf(store, alice);
      await submit(store, bob, receiptsTo(alice, { delivered: [[1, 2]], read: [[1, 1]] }));
      await submit(store, bob, receiptsTo(alice, { delivered: [[5, 6]], read: [[5, 6]] }));
      expect((await rowOf(store, bob, alice)).mine).toMatchObject({
        delivered: [[1, 6]],
        read: [
          [1, 1],
          [5, 6],
        ],
      });
      // The steps for the peer name only the arrived receipts.
      const steps = (await pullAll(store, alice, cursor))!.flatMap(({ steps }) => steps);
      expect(steps.filter(({ kind }) => kind === 'delivered').map(({ range }) => range)).toEqual([
        [1, 2],
        [5, 6],
      ]);
    });

    it('the time of a receipt is the time of the first step that covered it, for ever', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 4);
      const cursor = await cursorOf(store, alice);
      await submit(store, bob, receiptsTo(alice, { read: [[1, 2]] }));
      const [first] = await fetchAll(store, alice, bob, [[2, 2]]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await submit(store, bob, receiptsTo(alice, { read: [[1, 4]], named: [[2, 2]] }));
      const [again] = await fetchAll(store, alice, bob, [[2, 2]]);
      expect(first?.times?.read).toBeGreaterThan(0);
      expect(again?.times?.read).toBe(first?.times?.read);
      expect(again?.times?.named).toBeGreaterThan(first!.times!.read!);
      expect((await pullAll(store, alice, cursor))!.flatMap(({ steps }) => steps.map(({ kind, range }) => [kind, range]))).toEqual([
        ['read', [1, 2]],
        ['named', [2, 2]],
        ['read', [3, 4]],
      ]);
      // Only the sender learns the times: bob's own fetch shows none.
      expect((await fetchAll(store, bob, alice)).some(({ times }) => times !== undefined)).toBe(false);
    });

    it('of two values of a flag the higher count wins, and on a tie the quieter value (F94)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 1);
      const flag = async (count: number, value: boolean): Promise<unknown> => {
        await submit(store, bob, receiptsTo(alice, { muted: { count, value } }));
        return (await rowOf(store, bob, alice)).muted;
      };
      expect(await flag(2, true)).toEqual({ count: 2, value: true });
      expect(await flag(1, false)).toEqual({ count: 2, value: true });
      expect(await flag(2, false)).toEqual({ count: 2, value: false });
      expect(await flag(2, true)).toEqual({ count: 2, value: false });
    });

    it('a position and flags reach their owner alone', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 3);
      const before = await rowOf(store, alice, bob);
      await submit(
        store,
        bob,
        receiptsTo(alice, { position: 3, muted: { count: 1, value: true }, marked: { count: 1, value: true, at: 3 } }),
      );
      const { version: _version, ...after } = await rowOf(store, alice, bob);
      expect(after).toEqual((({ version: _other, ...rest }) => rest)(before));
    });

    it('unread messages are counted by ranges, and by number if there are too many ranges', async () => {
      const [alice, bob] = pair();
      for (let i = 0; i < 3; i++) {
        const entries = Array.from(
          { length: 200 },
          (_, k) => ({ ...messageTo(bob, `${alice}-${i}-${k}`), countable: k % 2 === 0 }) as { key: string },
        );
        await submit(store, alice, ...entries);
      }
      const row = await rowOf(store, bob, alice);
      expect(row).toMatchObject({ uncounted: [], counted: { at: 0, upTo: 600, count: 300 } });
      await submit(store, bob, receiptsTo(alice, { position: 500 }));
      const later = await rowOf(store, bob, alice);
      expect(later.counted).toBeNull();
      expect(later.uncounted).toHaveLength(50);
      expect(unreadAt(later, later.readUpTo)).toEqual({ unreadCount: 50, exact: true });
    });

    it('the summary leaves long bodies out', async () => {
      const [alice, bob] = pair();
      await submit(store, alice, messageTo(bob, `${alice}-long`, JSON.stringify('ü'.repeat(200))));
      expect((await rowOf(store, bob, alice)).lastMessage).toMatchObject({ id: `${alice}-long`, body: '' });
      expect((await fetchAll(store, bob, alice))[0]?.body).toHaveLength(202);
    });

    it('a fetch returns the newest messages first, no more than requested, and none of other users', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 20);
      expect(
        (
          await fetchAll(
            store,
            bob,
            alice,
            [
              [1, 5],
              [10, 99],
            ],
            13,
          )
        ).map(({ seq }) => seq),
      ).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 5, 4]);
      expect(await fetchAll(store, `${bob}-nobody`, alice)).toEqual([]);
    });

    it('a failed transaction is undone as a whole (F64)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 1);
      const cursor = await cursorOf(store, bob);
      const failing = store.tx('submit', async (tx) => {
        const entries = readEntries(alice, [messageTo(bob, `${alice}-lost`), messageTo(`${bob}-new`, `${alice}-lost-2`)]);
        await applyEntries(tx, { userId: alice, deviceId: 'phone' }, entries, RULES);
        throw new Error('crash before commit');
      });
      await expect(failing).rejects.toThrow('crash before commit');
      expect((await pullAll(store, bob, cursor))!.flatMap(({ rows }) => rows)).toEqual([]);
      // The first of two later messages gets the seq: the lost message does not exist.
      expect(await submitOne(store, alice, messageTo(bob, `${alice}-next`))).toMatchObject({ message: { seq: 2 } });
      expect(await submitOne(store, alice, messageTo(bob, `${alice}-lost`))).toMatchObject({ message: { seq: 3 } });
      expect(await pullAll(store, `${bob}-new`, null)).toMatchObject([{ rows: [] }]);
    });

    it('the feed skips no change while many users write at once (F65)', async () => {
      const [alice, bob] = pair();
      let cursor: string | null = await cursorOf(store, bob);
      const seen = new Set<number>();
      const writers = Array.from({ length: 5 }, (_, w) => `${alice}-${w}`);
      const progress = { done: false };
      const reader = (async () => {
        for (let last = false; !last;) {
          last = progress.done;
          for (const frame of (await pullAll(store, bob, cursor))!) {
            expect(frame.from).toBe(cursor);
            cursor = frame.to;
            for (const { conversationId, messages } of frame.messages)
              for (const { seq } of messages) seen.add(writers.indexOf(conversationId.slice(7)) * 1000 + seq);
          }
        }
      })();
      await Promise.all(
        writers.map(async (writer) => {
          for (let i = 0; i < 12; i++) await submit(store, writer, messageTo(bob, `${writer}-${i}`));
        }),
      );
      progress.done = true;
      await reader;
      expect(seen.size).toBe(60);
    });

    it('a snapshot has every conversation, also one that an unfinished write has moved past the end of the feed (F65, F117)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 2);
      const feedEnd = await store.read('feed-end', async (tx) => tx.feedEnd);
      await say(alice, bob, 1);
      // The feed ends here for a transaction that began while an older transaction was still running.
      const viewer = { userId: bob, membersSeeReaders: false };
      const page = await store.read('changes', (tx) => pullPage({ ...tx, feedEnd }, viewer, null, true));
      expect(page).toMatchObject({ complete: true, isBehind: true });
      expect(page!.frames.flatMap(({ rows }) => rows)).toMatchObject([{ conversationId: `direct:${alice}`, latestSeq: 3 }]);
      const later = (await pullAll(store, bob, page!.frames.at(-1)!.to))!;
      expect(later.flatMap(({ messages }) => messages.flatMap((some) => some.messages.map(({ seq }) => seq)))).toEqual([3]);
    });

    it('a store knows its own cursors after a restart, and no cursors of another history (F66, F67)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 2);
      const old = await cursorOf(store, bob);
      const copy = await bench.startFromCopy(store);
      try {
        // A restart of the same history: known cursors stay known.
        if (bench.copyMayLack) expect(await pullAll(copy, bob, old)).toBeUndefined();
        else expect(await pullAll(copy, bob, old)).toMatchObject([{ from: old, rows: [] }]);
        // The original went on after the backup: the copy has not seen these writes.
        await say(alice, bob, 3);
        const lost = await cursorOf(store, bob);
        expect(await pullAll(copy, bob, lost)).toBeUndefined();
        for (let i = 0; i < 8; i++) await submit(copy, alice, messageTo(bob, `${alice}-copy-${i}`));
        expect(await pullAll(copy, bob, lost)).toBeUndefined();
        if (!bench.copyMayLack) expect((await pullAll(copy, bob, old))!.at(-1)!.rows).toMatchObject([{ latestSeq: 10 }]);
        // Positions from the lost history count up to the common part; flags and ids count as always.
        const entry = receiptsTo(
          alice,
          { position: 5, read: [[1, 5]], namedIds: [`${alice}-copy-7`], muted: { count: 1, value: true } },
          lost,
        );
        expect(await submitOne(copy, bob, entry)).toMatchObject({
          outcome: 'confirmed',
          row: {
            muted: { value: true },
            ...(bench.copyMayLack
              ? { readUpTo: 0, mine: { read: [], named: [[10, 10]] } }
              : { readUpTo: 2, mine: { read: [[1, 2]], named: [[10, 10]] } }),
          },
        });
        const known = bench.copyMayLack ? await cursorOf(copy, bob) : old;
        expect(await submitOne(copy, bob, { ...entry, cursor: known } as { key: string })).toMatchObject({
          row: { readUpTo: 5, mine: { read: [[1, 5]] } },
        });
      } finally {
        await copy.close();
      }
    }, 120_000);

    it('a cursor that is truncated, foreign or from the future is refused (F66)', async () => {
      const [alice, bob] = pair();
      await say(alice, bob, 1);
      const cursor = await cursorOf(store, bob);
      const [run = '', version = ''] = cursor.split('.');
      const wrong = [
        run,
        `${run}.`,
        `${run}.${Number(version) + 1000}`,
        `${run}.-1`,
        `${run}.1e3`,
        `nope.${version}`,
        `${cursor}0000`,
        '.',
        'null',
        `${run}.99999999999999999999`,
      ];
      for (const one of wrong) expect(await pullAll(store, bob, one), one).toBeUndefined();
      expect(await pullAll(store, bob, cursor)).toMatchObject([{ from: cursor, complete: true }]);
    });

    it('a long answer is cut into frames that each are complete (I-17)', async () => {
      const [, bob] = pair();
      const bodies = JSON.stringify('x'.repeat(240));
      for (let i = 0; i < 12; i++)
        await Promise.all(
          Array.from({ length: 50 }, (_, k) =>
            submit(store, `friend-${bob}-${i}-${k}-${'n'.repeat(90)}`, messageTo(bob, `${bob}-${i}-${k}`, bodies)),
          ),
        );
      const frames = (await pullAll(store, bob, null))!;
      expect(frames.length).toBeGreaterThan(1);
      expect(frames.map(({ complete }) => complete)).toEqual([...frames.slice(1).map(() => false), true]);
      for (const [i, frame] of frames.entries()) {
        expect(frame.from).toBe(i === 0 ? null : frames[i - 1]!.to);
        expect(new TextEncoder().encode(JSON.stringify(frame)).length).toBeLessThanOrEqual(256 * 1024);
      }
      expect(new Set(frames.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId))).size).toBe(600);
      // A device stopped after the first frame goes on from there and misses no row.
      const rest = (await pullAll(store, bob, frames[0]!.to))!.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId));
      expect(new Set([...frames[0]!.rows.map(({ conversationId }) => conversationId), ...rest]).size).toBe(600);
    }, 120_000);

    describeGroups(() => store);

    describeAbsences(() => store);

    describeMentions(() => store);
    describeRecalls(() => store);
    describeScattered(() => store);
    describeCleared(() => store);
    describeCounting(() => store);
    describeFlags(() => store);
    describePrivate(() => store);
    describeSettings(() => store);
    describeTotals(() => store);
    describeArchive(() => store);
    describeNotices(
      () => store,
      (one) => bench.startFromCopy(one),
    );
    // Behind the others: the history has receipts that are due.
    describeImport(() => store);
    describeDeletion(() => store);
    describeRetention(() => store);
  });
};
