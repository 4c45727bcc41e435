/** Messages that end because the server keeps them no longer, over every server store. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { mentionsAt, unreadAt } from '../../src/model/conversation/unread.ts';
import { createLocalBus, type Hint } from '../../src/server/bus/bus.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import { findReceipts, listMembers } from '../../src/server/feed/questions.ts';
import { exportUser } from '../../src/server/history/export-user.ts';
import { importMessages } from '../../src/server/history/import-messages.ts';
import { safeMetrics } from '../../src/server/metrics/server-metrics.ts';
import { changePolicy, DEFAULT_POLICY, type Policy } from '../../src/server/policy.ts';
import { endMessages, startRetention } from '../../src/server/retention.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { GroupBench, groupMessage, groupReceipts } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { cursorOf, fetchAll, pullAll, rowOf, submit, submitOne } from './server-store.ts';

type Retention = Policy['retention'];

const DAY = 86_400_000;
const unreadOf = (row: ConversationRow): number => unreadAt(row, row.readUpTo).unreadCount;
const most = (messagesPerConversation: number): Retention => ({ days: null, messagesPerConversation });
const recallOf = (peer: string, id: string) =>
  ({ kind: 'recall', key: `recall ${id}`, conversationId: `direct:${peer}`, cursor: null, id }) as const;
let pairs = 0;

export const describeRetention = (open: () => ServerStore): void => {
  describe('retention on the server', () => {
    let store: ServerStore;
    let [ann, ben] = ['', ''];
    beforeEach(() => {
      store = open();
      pairs++;
      [ann, ben] = [`kept-ann-${pairs}`, `kept-ben-${pairs}`];
    });

    const place = async (me: string, name: `direct:${string}` | `group:${string}`): Promise<number> =>
      (await store.read('place', (tx) => tx.conversations(me, [name])))[0]!.id;
    const end = async (retention: Retention, name: `direct:${string}` | `group:${string}` = `direct:${ben}`) => {
      const id = await place(ann, name);
      return store.tx('end', (tx) => endMessages(tx, [id], retention));
    };
    const say = (count: number, from = 1) =>
      submit(store, ann, ...Array.from({ length: count }, (_, i) => messageTo(ben, `${ann}-${from + i}`, `"text ${from + i}"`)));
    const importAged = (days: readonly number[], facts: object = {}) =>
      importMessages(Promise.resolve({ store, clock: systemClock, bus: createLocalBus(), policy: () => DEFAULT_POLICY }), [
        {
          between: [ann, ben],
          messages: days.map((age, i) => ({ id: `${ann}-${i + 1}`, from: ann, body: i, sentAt: Date.now() - age * DAY })),
          ...facts,
        },
      ]);

    it('above the number of a conversation the oldest messages end: firstSeq rises, and no count and no answer has them (F135)', async () => {
      await submit(store, ann, { ...messageTo(ben, `${ann}-1`), mentions: [ben] } as { key: string });
      await say(5, 2);
      const cursor = await cursorOf(store, ben);
      expect([unreadOf(await rowOf(store, ben, ann)), mentionsAt(await rowOf(store, ben, ann), 0).mentionCount]).toEqual([6, 1]);
      expect(await end(most(2))).toMatchObject({ isMine: true, messages: 4, rest: [], hints: [{ kind: 'changes', userIds: [ann, ben] }] });
      const row = await rowOf(store, ben, ann);
      expect(row).toMatchObject({ firstSeq: 5, latestSeq: 6, lastMessage: { seq: 6 }, mentions: [] });
      expect(unreadOf(row)).toBe(2);
      expect((await fetchAll(store, ben, ann)).map(({ seq }) => seq)).toEqual([6, 5]);
      const news = (await pullAll(store, ben, cursor))!;
      expect(news.flatMap(({ rows }) => rows)).toMatchObject([{ firstSeq: 5, latestSeq: 6 }]);
      expect(await end(most(2))).toMatchObject({ messages: 0, hints: [] });
    });

    it('a device with an old cursor gets no message that has ended', async () => {
      await say(1);
      const cursor = await cursorOf(store, ben);
      await say(4, 2);
      await submit(store, ann, recallOf(ben, `${ann}-2`));
      await end(most(2));
      const frames = (await pullAll(store, ben, cursor))!;
      expect(frames.flatMap(({ messages }) => messages.flatMap((one) => one.messages.map(({ seq }) => seq))).sort()).toEqual([4, 5]);
      expect(frames.at(-1)!.rows).toMatchObject([{ firstSeq: 4 }]);
    });

    it('by age a message ends when it and all older ones are old, and a conversation may end as a whole', async () => {
      await importAged([400, 300, 200, 100]);
      expect(await end({ days: 250, messagesPerConversation: null })).toMatchObject({ messages: 2 });
      expect(await rowOf(store, ben, ann)).toMatchObject({ firstSeq: 3, latestSeq: 4 });
      await end({ days: 50, messagesPerConversation: null });
      const row = await rowOf(store, ben, ann);
      expect([row.firstSeq, row.latestSeq, row.lastMessage, unreadOf(row)]).toEqual([5, 4, null, 0]);
      await say(1, 5);
      expect(await rowOf(store, ben, ann)).toMatchObject({ firstSeq: 5, latestSeq: 5, lastMessage: { seq: 5 } });
      expect(await end({ days: 50, messagesPerConversation: null })).toMatchObject({ messages: 0 });
    });

    it('a repeated send of a message that has ended is confirmed with its seq, and makes no second message (F136)', async () => {
      await say(3);
      await end(most(1));
      const again = await submitOne(store, ann, messageTo(ben, `${ann}-1`, '"text 1"'));
      expect(again).toMatchObject({ outcome: 'confirmed', message: { seq: 1 }, row: { firstSeq: 3, latestSeq: 3 } });
      expect(await submitOne(store, ann, recallOf(ben, `${ann}-2`))).toMatchObject({ outcome: 'confirmed' });
      const conflict = { outcome: 'rejected', code: 'rejected/id-conflict' };
      expect(await submitOne(store, ben, messageTo(ann, `${ann}-1`))).toMatchObject(conflict);
      expect(await submitOne(store, ann, messageTo(`${ben}-else`, `${ann}-1`))).toMatchObject(conflict);
      expect(await submitOne(store, ben, recallOf(ann, `${ann}-2`))).toMatchObject({ code: 'rejected/unknown-message' });
      expect(await rowOf(store, ben, ann)).toMatchObject({ latestSeq: 3 });
    });

    it('receipts for messages that have ended are confirmed without an effect, and those of the others take effect (F137)', async () => {
      await say(4);
      await submit(store, ben, receiptsTo(ann, { delivered: [[1, 2]], named: [[1, 1]] }));
      const before = await place(ann, `direct:${ben}`);
      const times = () =>
        store.read('times', (tx) =>
          tx.stepTimes(
            ann,
            [1, 2, 3].map((seq) => ({ conversationId: before, seq })),
          ),
        );
      expect(await times()).toHaveLength(3);
      await end(most(2));
      expect(await times()).toEqual([]);
      const named = receiptsTo(ann, { namedIds: [`${ann}-1`, `${ann}-2`, `${ann}-3`], delivered: [[1, 4]], position: 2 });
      const answer = await submitOne(store, ben, named);
      expect(answer).toMatchObject({ outcome: 'confirmed', row: { readUpTo: 2, mine: { delivered: [[1, 4]] } } });
      expect(answer).not.toHaveProperty('refused');
      expect((await rowOf(store, ann, ben)).theirs.named).toEqual([
        [1, 1],
        [3, 3],
      ]);
      expect(unreadOf(await rowOf(store, ben, ann))).toBe(2);
      const unknown = await submitOne(store, ben, receiptsTo(ann, { namedIds: ['nobody-knows'] }));
      expect(unknown).toMatchObject({ refused: [{ code: 'rejected/unknown-message' }] });
    });

    it('in a group, the readers and their texts go with the message, and every member hears of it', async () => {
      const bench = new GroupBench(store);
      const crew = `kept-crew-${pairs}`;
      await bench.members(crew, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ann, groupMessage(crew, `${crew}-1`), groupMessage(crew, `${crew}-2`));
      const contents = [{ id: `${crew}-1`, text: 'seen' }];
      await bench.submit(ben, groupReceipts(crew, { namedIds: [`${crew}-1`, `${crew}-2`], contents }));
      const id = await place(ann, `group:${crew}`);
      const ask = () =>
        store.read('ask', async (tx) => ({
          receipts: await tx.receiptsIn([{ conversationId: id, range: [1, 2] }]),
          readers: await tx.readers({ conversationId: id, seq: 1 }, null, 10),
          members: await listMembers(
            tx,
            { userId: ann, membersSeeReaders: false },
            { messageId: `${crew}-1`, filter: 'read', limit: 10 },
            null,
          ),
          found: await findReceipts(tx, { userId: ann, membersSeeReaders: false }, [`${crew}-1`]),
        }));
      expect(await ask()).toMatchObject({ receipts: [{ seq: 1 }, { seq: 2 }], readers: [{ content: 'seen' }], members: { members: [{}] } });
      const { hints } = await end(most(1), `group:${crew}`);
      expect(hints).toEqual([{ kind: 'changes', userIds: [ann, ben] }]);
      expect(await ask()).toMatchObject({ receipts: [{ seq: 2 }], readers: [], members: { members: [] }, found: [{ readCount: 0 }] });
      const [late] = await bench.submit(ben, groupReceipts(crew, { named: [[1, 1]], namedIds: [`${crew}-1`] }));
      expect(late).toMatchObject({ outcome: 'confirmed' });
      expect(late).not.toHaveProperty('refused');
      const pull = await store.read('pull', (tx) => pullPage(tx, { userId: ann, membersSeeReaders: false }, null, true));
      expect(pull!.frames.flatMap(({ rows }) => rows)).toMatchObject([{ firstSeq: 2, latestSeq: 2 }]);
    });

    it('an archived conversation that a message reopened stays reopened when that message ends, and a muted one stays archived', async () => {
      await submit(store, ann, messageTo(ben, `${ann}-1`), messageTo(`${ben}-muted`, `${ann}-a`));
      const archived = { archived: { count: 1, value: true, at: 1 } };
      await submit(store, ben, receiptsTo(ann, archived));
      await submit(store, `${ben}-muted`, receiptsTo(ann, { ...archived, muted: { count: 1, value: true } }));
      await say(2, 2);
      await submit(store, ann, messageTo(`${ben}-muted`, `${ann}-b`), messageTo(`${ben}-muted`, `${ann}-c`));
      expect(await rowOf(store, ben, ann)).toMatchObject({ ...archived, reopenedBy: 2 });
      await end(most(1));
      await end(most(1), `direct:${ben}-muted`);
      expect(await rowOf(store, ben, ann)).toMatchObject({ archived: { count: 1, value: false }, firstSeq: 3 });
      expect(await rowOf(store, `${ben}-muted`, ann)).toMatchObject({ ...archived, firstSeq: 3 });
    });

    it('an archived group that a message reopened stays reopened for a former member, too, when that message ends', async () => {
      const bench = new GroupBench(store);
      const crew = `kept-left-${pairs}`;
      await bench.members(crew, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ann, groupMessage(crew, `${crew}-1`));
      await bench.submit(ben, groupReceipts(crew, { archived: { count: 1, value: true, at: 1 } }));
      await bench.submit(ann, groupMessage(crew, `${crew}-2`));
      await bench.members(crew, { [ben]: null });
      await bench.submit(ann, groupMessage(crew, `${crew}-3`));
      await end(most(1), `group:${crew}`);
      const rows = (await bench.pull(ben, null)).flatMap((frame) => frame.rows);
      expect(rows.find(({ conversationId }) => conversationId === `group:${crew}`)).toMatchObject({ archived: { count: 1, value: false } });
    });

    it('a position, a mark and a mute stay, and the mark counts only messages that are kept', async () => {
      await say(6);
      await submit(
        store,
        ben,
        receiptsTo(ann, { position: 4, muted: { count: 1, value: true }, marked: { count: 1, value: true, at: 6, from: 2 } }),
      );
      expect(unreadOf(await rowOf(store, ben, ann))).toBe(5);
      await end(most(3));
      const row = await rowOf(store, ben, ann);
      expect(row).toMatchObject({ readUpTo: 4, firstSeq: 4, muted: { value: true }, marked: { value: true, from: 2 } });
      expect(unreadOf(row)).toBe(3);
    });

    it('an import stores messages that are older than the retention, the next sweep ends them, and a repeated import brings none back', async () => {
      const facts = { receipts: [{ by: ben, kind: 'read', messageIds: [`${ann}-1`], at: Date.now() }], readUpTo: { [ben]: `${ann}-1` } };
      expect(await importAged([400, 1], facts)).toEqual({ stored: 2, known: 0 });
      await end({ days: 30, messagesPerConversation: null });
      expect(await importAged([400, 1], facts)).toEqual({ stored: 0, known: 2 });
      expect(await rowOf(store, ben, ann)).toMatchObject({ firstSeq: 2, latestSeq: 2, readUpTo: 1 });
    });

    it('an export has the messages that are kept', async () => {
      await say(3);
      await end(most(1));
      const seqs: number[] = [];
      for await (const record of exportUser(Promise.resolve({ store }), ann)) if (record.kind === 'message') seqs.push(record.seq);
      expect(seqs).toEqual([3]);
    });

    it('the server ends a long history in transactions of at most 500 messages, and hints after each (F138)', async () => {
      await importAged(Array.from({ length: 1200 }, () => 2000));
      const hints: Hint[] = [];
      const ended: number[] = [];
      const bus = createLocalBus();
      bus.subscribe((hint) => void ('userIds' in hint && hint.userIds.includes(ann) && hints.push(hint)));
      const metrics = safeMetrics({ observe: () => undefined, add: (_name, by) => void ended.push(by) });
      const retention = changePolicy(DEFAULT_POLICY, { retention: { days: 1000 } }).retention;
      const sweeps = startRetention({ store, clock: systemClock, bus, log: () => undefined, metrics }, () => retention);
      await sweeps.stop();
      // A stopped server ends after the transaction that runs.
      const again = startRetention({ store, clock: systemClock, bus, log: () => undefined, metrics }, () => retention);
      await expect.poll(async () => (await rowOf(store, ben, ann)).firstSeq, { timeout: 10_000 }).toBe(1201);
      await again.stop();
      expect(Math.max(...ended)).toBeLessThanOrEqual(500);
      expect(ended.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(1200);
      expect(hints.length).toBeGreaterThanOrEqual(3);
    });
  });
};
