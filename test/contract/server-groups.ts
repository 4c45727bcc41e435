/**
 * The behaviour of groups and their receipts, over every server store. Groups and users are new in every test.
 */
import { describe, expect, it } from 'vitest';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import { expireDue } from '../../src/server/expiry.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import { planFetch } from '../../src/server/feed/fetch-messages.ts';
import { findReceipts, listMembers, parseListCursor } from '../../src/server/feed/questions.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { RECEIPTS_ON, GroupBench, groupMessage, groupReceipts, groupRecall, withClock } from './groups.ts';

let groups = 0;
interface Crew {
  readonly bench: GroupBench;
  readonly g: string;
  readonly ann: string;
  readonly ben: string;
  readonly cat: string;
  readonly id: (name: string) => string;
}

const NO_SUCH = { outcome: 'rejected', code: 'rejected/no-such-conversation', message: 'no such conversation' };

export const describeGroups = (open: () => ServerStore): void => {
  let now = Date.now();
  const crew = async (): Promise<Crew> => {
    const n = ++groups;
    const [g, ann, ben, cat] = [`crew-${n}`, `ann-${n}`, `ben-${n}`, `cat-${n}`];
    const bench = new GroupBench(withClock(open(), () => now));
    await bench.members(g, { [ann]: 'member', [ben]: 'member', [cat]: 'admin' });
    return { bench, g, ann, ben, cat, id: (name) => `${g}-${name}` };
  };
  const outcomes = (results: readonly { outcome: string; code?: string }[]): string[] =>
    results.map(({ outcome, code }) => code?.slice('rejected/'.length) ?? outcome);

  describe('groups', { timeout: 30_000 }, () => {
    it('a message reaches every member, and its receipts reach its sender alone', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      const [annAt, catAt] = [await bench.cursor(ann), await bench.cursor(cat)];
      const sent = await bench.frame(ann, groupMessage(g, id('m1')));
      expect(sent.results).toMatchObject([
        { outcome: 'confirmed', message: { seq: 1 }, row: { latestSeq: 1, present: [[1, 1]], uncounted: [[1, 1]] } },
      ]);
      expect(sent.hints.map(({ kind, userIds }) => [kind, [...userIds].sort()])).toEqual([['changes', [ann, ben, cat].sort()]]);
      const news = (await bench.pull(cat, catAt)).at(-1)!;
      expect(news.messages).toMatchObject([
        { conversationId: `group:${g}`, messages: [{ id: id('m1'), receipt: { readCount: 0, memberCount: 0 } }] },
      ]);

      const read = await bench.frame(ben, groupReceipts(g, { named: [[1, 1]], contents: [{ id: id('m1'), text: 'on my way' }] }));
      expect(read.results).toMatchObject([{ outcome: 'confirmed', row: { mine: { named: [[1, 1]] }, readUpTo: 0 } }]);
      expect(read.hints).toEqual([
        { kind: 'changes', userIds: [ben] },
        { kind: 'receipts', userIds: [ann] },
      ]);
      const told = (await bench.pull(ann, annAt, 'all')).flatMap(({ receipts = [] }) => receipts);
      expect(told).toEqual([
        {
          conversationId: `group:${g}`,
          seq: 1,
          id: id('m1'),
          readCount: 1,
          memberCount: 2,
          expired: false,
          readers: [{ by: ben, content: 'on my way' }],
        },
      ]);
      // Cat gets nothing of the receipt: neither a row nor a count.
      expect(await bench.pull(cat, news.to)).toMatchObject([{ rows: [], messages: [], steps: [] }]);
      expect((await bench.pull(cat, news.to))[0]).not.toHaveProperty('receipts');
    });

    it('a connected client gets every reader exactly once, and a catch-up gets the numbers', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')));
      const at = await bench.cursor(ann);
      await bench.submit(ben, groupReceipts(g, { named: [[1, 1]], contents: [{ id: id('m1'), text: 'aye' }] }));
      const afterBen = (await bench.pull(ann, at)).at(-1)!;
      await bench.submit(cat, groupReceipts(g, { namedIds: [id('m1')] }));
      const changes = async (from: string, names: 'all' | 'none') =>
        (await bench.pull(ann, from, names)).flatMap(({ receipts = [] }) => receipts);
      const state = { conversationId: `group:${g}`, seq: 1, id: id('m1'), memberCount: 2, expired: false };
      expect(await changes(at, 'none')).toEqual([{ ...state, readCount: 2 }]);
      expect(await changes(at, 'all')).toEqual([
        { ...state, readCount: 1, readers: [{ by: ben, content: 'aye' }] },
        { ...state, readCount: 2, readers: [{ by: cat }] },
      ]);
      expect(await changes(afterBen.to, 'all')).toEqual([{ ...state, readCount: 2, readers: [{ by: cat }] }]);
      // Ben may not see other readers of the message.
      expect((await bench.pull(ben, at, 'all')).flatMap(({ receipts = [] }) => receipts)).toEqual([]);
    });

    it('a page with more readers than its limit ends at a version, and the next page names the other readers', async () => {
      const { bench, g, ann, ben, id } = await crew();
      for (let i = 0; i < 4; i++) await bench.submit(ann, ...Array.from({ length: 100 }, (_, k) => groupMessage(g, id(`${i}-${k}`))));
      const readers = Array.from({ length: 3 }, (_, i) => `reader-${g}-${i}`);
      await bench.members(g, Object.fromEntries([ann, ben, ...readers].map((user) => [user, 'member'])));
      await bench.submit(ann, ...Array.from({ length: 400 }, (_, k) => groupMessage(g, id(`late-${k}`))));
      const at = await bench.cursor(ann);
      for (const reader of readers)
        for (let i = 0; i < 8; i++) await bench.submit(reader, groupReceipts(g, { named: [[401 + i * 50, 450 + i * 50]] }));
      const told = (await bench.pull(ann, at, 'all')).flatMap(({ receipts = [] }) => receipts);
      const named = told.flatMap(({ seq, readers: by = [] }) => by.map(({ by: reader }) => `${seq} ${reader}`));
      expect(named).toHaveLength(3 * 400);
      expect(new Set(named).size).toBe(3 * 400);
      const last = new Map(told.map(({ seq, readCount }) => [seq, readCount]));
      expect([...last.values()].every((count) => count === 3)).toBe(true);
    });

    it('a live pull reads a limited number of changes at a time, and names every reader once', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      for (let i = 0; i < 13; i++) await bench.submit(ann, ...Array.from({ length: 100 }, (_, k) => groupMessage(g, id(`${i}-${k}`))));
      const at = await bench.cursor(ann);
      // Each message of Cat's receipts changes again with Ben's, in the other order.
      for (let i = 0; i < 13; i++) await bench.submit(cat, groupReceipts(g, { named: [[i * 100 + 1, i * 100 + 100]] }));
      for (let i = 12; i >= 0; i--) await bench.submit(ben, groupReceipts(g, { named: [[i * 100 + 1, i * 100 + 100]] }));
      let largest = 0;
      const counted = <A extends unknown[], T>(read: (...args: A) => Promise<readonly T[]>) => {
        return async (...args: A): Promise<readonly T[]> => {
          const list = await read(...args);
          largest = Math.max(largest, list.length);
          return list;
        };
      };
      const named: string[] = [];
      const counts = new Map<number, number>();
      for (let from = at, complete = false; !complete;) {
        const here = from;
        const page = await bench.store.read('changes', (tx) =>
          pullPage(
            { ...tx, changedReceipts: counted(tx.changedReceipts), addedReaders: counted(tx.addedReaders) },
            bench.viewer(ann),
            here,
            false,
            'all',
          ),
        );
        for (const { seq, readers = [], readCount } of page!.frames.flatMap(({ receipts = [] }) => receipts)) {
          named.push(...readers.map(({ by }) => `${seq} ${by}`));
          expect(readCount).toBeGreaterThanOrEqual(counts.get(seq) ?? 0);
          counts.set(seq, readCount);
        }
        from = page!.frames.at(-1)!.to;
        ({ complete } = page!);
      }
      expect(largest).toBeLessThanOrEqual(1100);
      expect(named).toHaveLength(2600);
      expect(new Set(named).size).toBe(2600);
      expect([...counts.values()].every((count) => count === 2)).toBe(true);
    });

    it('a member who joined later gets no message from before the join, by no way, and one who came back gets those of the first stay', async () => {
      const { bench, g, ann, ben, id } = await crew();
      const dan = `dan-${g}`;
      const danAt = await bench.cursor(dan);
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      await bench.members(g, { [dan]: 'member', [ben]: null });
      expect(await bench.row(dan, g)).toMatchObject({ latestSeq: 2, joinedAt: 2, lastMessage: null });
      // Dan's cursor is older than the messages.
      expect((await bench.pull(dan, danAt)).flatMap(({ messages }) => messages)).toEqual([]);
      expect(await bench.fetch(dan, g)).toEqual([]);
      const byId = [{ conversationId: `group:${g}` as const, seqs: [], messageId: id('m1'), limit: 1 }];
      expect((await bench.store.read('plan', (tx) => planFetch(tx, dan, byId, 10))).ranges).toEqual([]);
      await bench.submit(ann, groupMessage(g, id('m3')));
      await bench.members(g, { [ben]: 'member' });
      await bench.submit(ann, groupMessage(g, id('m4')));
      const idsOf = async (user: string) => (await bench.fetch(user, g)).map((message) => message.id).sort();
      expect(await idsOf(dan)).toEqual([id('m3'), id('m4')]);
      expect(await idsOf(ben)).toEqual([id('m1'), id('m2'), id('m4')]);
      const told = (await bench.pull(dan, danAt)).flatMap(({ messages }) => messages.flatMap(({ messages: list }) => list));
      expect(told.map((message) => message.id).sort()).toEqual([id('m3'), id('m4')]);
      expect((await bench.row(dan, g))?.lastMessage?.id).toBe(id('m4'));
    });

    it('a sender who comes back to a group gets the names of those who read in the meantime', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')));
      await bench.members(g, { [ann]: null });
      await bench.submit(ben, groupReceipts(g, { named: [[1, 1]] }));
      const at = await bench.cursor(ann);
      await bench.members(g, { [ann]: 'member' });
      await bench.submit(cat, groupReceipts(g, { named: [[1, 1]] }));
      const told = (await bench.pull(ann, at, 'all')).flatMap(({ receipts = [] }) => receipts);
      expect(told.flatMap(({ readers = [] }) => readers.map(({ by }) => by)).sort()).toEqual([ben, cat].sort());
      expect(told.at(-1)).toMatchObject({ id: id('m1'), readCount: 2 });
    });

    it('a reader of a message that another member read later is named too, also when the changed receipts fill more than one page', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      for (let i = 0; i < 6; i++) await bench.submit(ann, ...Array.from({ length: 100 }, (_, k) => groupMessage(g, id(`${i}-${k}`))));
      const at = await bench.cursor(ann);
      await bench.submit(cat, groupReceipts(g, { named: [[1, 600]] }));
      await bench.submit(ben, groupReceipts(g, { named: [[1, 500]] }));
      await bench.submit(ben, groupReceipts(g, { named: [[501, 600]] }));
      const told = (await bench.pull(ann, at, 'all')).flatMap(({ receipts = [] }) => receipts);
      const named = told.flatMap(({ seq, readers = [] }) => readers.map(({ by }) => `${seq} ${by}`));
      expect(new Set(named).size).toBe(2 * 600);
      expect(named).toHaveLength(2 * 600);
    });

    it('a receipt counts once, however often and in whichever form it comes (I-2)', async () => {
      const { bench, g, ann, ben, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      const entry = groupReceipts(g, { named: [[1, 1]], namedIds: [id('m1')], contents: [{ id: id('m1'), text: 'first' }] });
      await bench.submit(ben, entry, { ...entry, key: 'twice' });
      const at = await bench.cursor(ann);
      const again = await bench.frame(ben, { ...entry, contents: [{ id: id('m1'), text: 'second' }] } as { key: string });
      expect(again.hints).toEqual([]);
      expect(await bench.pull(ann, at)).toMatchObject([{ rows: [], messages: [] }]);
      expect((await bench.fetch(ann, g)).map(({ receipt }) => receipt?.readCount)).toEqual([0, 1]);
      const list = await bench.store.read('members', (tx) =>
        listMembers(tx, bench.viewer(ann), { messageId: id('m1'), filter: 'read', limit: 10 }, null),
      );
      expect(list.members).toMatchObject([{ userId: ben, content: 'first' }]);
    });

    it('a receipt is accepted only for a message that requested one, is from another user, is not recalled, and was sent to the reader', async () => {
      const { bench, g, ann, ben, id } = await crew();
      const dan = `${ben}-dan`;
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2'), { receiptRequested: false }), groupMessage(g, id('m3')));
      await bench.submit(ben, groupMessage(g, id('m4')));
      await bench.submit(ann, groupRecall(g, id('m3')));
      await bench.members(g, { [dan]: 'member' });
      await bench.submit(ann, groupMessage(g, id('m5')));
      const all = { named: [[1, 99]] };
      expect(await bench.submit(ben, groupReceipts(g, { ...all, read: [[1, 5]], delivered: [[1, 5]] }))).toMatchObject([
        {
          row: {
            mine: {
              named: [[1, 5]],
              read: [],
              delivered: [],
            },
          },
        },
      ]);
      expect(await bench.submit(dan, groupReceipts(g, { ...all, namedIds: [id('m1'), id('nowhere')] }))).toMatchObject([
        { refused: [{ id: id('nowhere'), code: 'rejected/unknown-message' }], row: { mine: { named: [[5, 5]] }, present: [[5, 5]] } },
      ]);
      const counts = (await bench.fetch(ann, g)).map(({ seq, receipt }) => [seq, receipt?.readCount, receipt?.memberCount]);
      expect(counts).toEqual([
        [5, 2, 3],
        [4, 0, 0],
        [3, undefined, undefined],
        [2, undefined, undefined],
        [1, 1, 2],
      ]);
    });

    it('stored receipts close gaps in which no message requests a receipt of the reader, and no others', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      const quiet = { receiptRequested: false };
      await bench.submit(
        ann,
        groupMessage(g, id('1')),
        groupMessage(g, id('2'), quiet),
        groupMessage(g, id('3')),
        groupMessage(g, id('4')),
      );
      await bench.submit(ben, groupMessage(g, id('5')));
      await bench.submit(ann, groupMessage(g, id('6')));
      await bench.submit(ben, groupReceipts(g, { named: [[1, 1]] }));
      await bench.submit(ben, groupReceipts(g, { named: [[3, 3]] }));
      await bench.submit(ben, groupReceipts(g, { named: [[6, 6]] }));
      const ranges = (await bench.row(ben, g))!.mine.named;
      expect(ranges).toEqual([
        [1, 3],
        [6, 6],
      ]);
      await bench.submit(ben, groupReceipts(g, { named: [[4, 4]] }));
      expect((await bench.row(ben, g))!.mine.named).toEqual([[1, 6]]);
      expect((await bench.fetch(ann, g)).map(({ receipt }) => receipt?.readCount)).toEqual([1, 0, 1, 1, undefined, 1]);
      expect((await bench.row(cat, g))!.mine.named).toEqual([]);
    });

    it('a position in a group is private: only that member’s row changes', async () => {
      const { bench, g, ann, ben, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      const [annAt, benAt] = [await bench.cursor(ann), await bench.cursor(ben)];
      const moved = await bench.frame(ben, groupReceipts(g, { position: 1, muted: { count: 1, value: true } }));
      expect(moved.hints).toEqual([{ kind: 'changes', userIds: [ben] }]);
      expect((await bench.pull(ann, annAt)).flatMap(({ rows }) => rows)).toEqual([]);
      expect((await bench.pull(ben, benAt)).flatMap(({ rows }) => rows)).toMatchObject([{ readUpTo: 1, muted: { value: true } }]);
    });

    it('the server checks the policy, the role and the size for a receipt request, and later messages of the frame go on (F82)', async () => {
      const { bench, g, ann, cat, id } = await crew();
      const ask = (name: string, more: object = {}) => groupMessage(g, id(name), more);
      bench.policy = { ...RECEIPTS_ON, groups: false };
      expect(outcomes(await bench.submit(ann, ask('m1'), ask('m2', { receiptRequested: false })))).toEqual([
        'group-receipts-disabled',
        'confirmed',
      ]);
      expect(await bench.submit(ann, ask('m1', { receiptRequested: false }))).toMatchObject([
        { outcome: 'confirmed', message: { seq: 2 } },
      ]);
      bench.policy = { ...RECEIPTS_ON, mayRequest: 'admins' };
      expect(outcomes(await bench.submit(ann, ask('m3'), ask('m4', { receiptRequested: false })))).toEqual([
        'permission-denied',
        'confirmed',
      ]);
      expect(outcomes(await bench.submit(cat, ask('m5')))).toEqual(['confirmed']);
      bench.policy = { ...RECEIPTS_ON, maxMembers: 2 };
      const large = ask('m6');
      expect(await bench.submit(ann, large, { ...large, key: 'again' })).toMatchObject([
        { outcome: 'confirmed', message: { seq: 5 } },
        { outcome: 'confirmed', message: { seq: 5 } },
      ]);
      bench.policy = { ...RECEIPTS_ON, maxMembers: 3 };
      await bench.submit(ann, ask('m7'));
      expect((await bench.fetch(ann, g)).map(({ receiptRequested, receipt }) => [receiptRequested, receipt?.memberCount])).toEqual([
        [true, 2],
        [false, undefined],
        [true, 0],
        [false, undefined],
        [false, undefined],
        [false, undefined],
      ]);
      // A message accepted with a receipt request keeps the request, and a repetition is confirmed under any
      // later policy.
      bench.policy = { ...RECEIPTS_ON, groups: false };
      expect(await bench.submit(ann, ask('m7'))).toMatchObject([{ outcome: 'confirmed', message: { seq: 6 } }]);
    });

    it('a user who is no member gets the answer for a missing group, to every frame', async () => {
      const { bench, g, ann, ben, id } = await crew();
      const eve = `${ben}-eve`;
      await bench.submit(ann, groupMessage(g, id('m1')));
      const ask = (group: string) =>
        bench.submit(
          eve,
          { ...groupMessage(group, id('e1')), key: 'a' },
          { ...groupReceipts(group, { position: 1, named: [[1, 1]] }), key: 'b' },
          { ...groupRecall(group, id('m1')), key: 'c' },
        );
      const seen = await ask(g);
      expect(seen).toEqual(await ask(`${g}-nowhere`));
      expect(seen).toMatchObject([NO_SUCH, NO_SUCH, NO_SUCH]);
      expect(await bench.fetch(eve, g)).toEqual([]);
      expect(await bench.row(eve, g)).toBeUndefined();
      const find = (ids: string[]) => bench.store.read('receipts', (tx) => findReceipts(tx, bench.viewer(eve), ids));
      expect(await find([id('m1'), id('none')])).toEqual(
        [id('m1'), id('none')].map((messageId) => ({ messageId, readCount: 0, memberCount: 0, expired: false })),
      );
    });

    it('a former member has no unread messages, no news and no effect, and a repeated entry is confirmed (F78)', async () => {
      const { bench, g, ann, ben, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      const own = groupMessage(g, id('b1'));
      const told = groupReceipts(g, { named: [[1, 1]], position: 1 });
      await bench.submit(ben, own, told);
      const at = await bench.cursor(ben);
      expect(await bench.members(g, { [ben]: null })).toEqual([ben]);
      expect(await bench.members(g, { [ben]: null })).toEqual([]);
      await bench.submit(ann, groupMessage(g, id('m3')));
      const frames = await bench.pull(ben, at);
      expect(frames.flatMap(({ messages }) => messages)).toEqual([]);
      const [row] = frames.flatMap(({ rows }) => rows);
      expect(row).toMatchObject({ latestSeq: 3, joinedAt: 3, present: [[1, 3]], lastMessage: null });
      expect(unreadAt(row!, row!.readUpTo)).toEqual({ unreadCount: 0, exact: true });
      expect(await bench.pull(ben, frames.at(-1)!.to)).toMatchObject([{ rows: [], messages: [] }]);
      expect(
        await bench.submit(
          ben,
          own,
          told,
          groupMessage(g, id('b2')),
          groupReceipts(g, { named: [[2, 2]] }),
          groupReceipts(g, { position: 2 }),
          groupRecall(g, id('b1')),
          groupReceipts(g, { namedIds: [id('m3')] }),
        ),
      ).toMatchObject([
        { outcome: 'confirmed', message: { seq: 3 } },
        { outcome: 'confirmed' },
        NO_SUCH,
        NO_SUCH,
        NO_SUCH,
        NO_SUCH,
        NO_SUCH,
      ]);
      // Members still count after their departure.
      expect((await bench.fetch(ann, g)).map(({ seq, receipt }) => [seq, receipt?.readCount, receipt?.memberCount])).toEqual([
        [4, 0, 0].map((n, i) => (i === 0 ? 4 : i === 2 ? 1 : n)),
        [3, 0, 0],
        [2, 0, 2],
        [1, 1, 2],
      ]);
    });

    it('a returning member keeps position and receipts, and counts unread messages from the newest join (F84)', async () => {
      const { bench, g, ann, ben, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      await bench.submit(ben, groupReceipts(g, { named: [[1, 1]], position: 1 }));
      await bench.members(g, { [ben]: null });
      await bench.submit(ann, groupMessage(g, id('m3')));
      await bench.members(g, { [ben]: 'admin' });
      await bench.submit(ann, groupMessage(g, id('m4')));
      const row = (await bench.row(ben, g))!;
      expect(row).toMatchObject({
        joinedAt: 3,
        readUpTo: 1,
        latestSeq: 4,
        mine: { named: [[1, 1]] },
        present: [
          [1, 2],
          [4, 4],
        ],
      });
      expect(unreadAt(row, row.readUpTo).unreadCount).toBe(1);
      await bench.submit(ben, groupReceipts(g, { named: [[1, 4]] }));
      expect((await bench.fetch(ann, g)).map(({ seq, receipt }) => [seq, receipt?.readCount, receipt?.memberCount])).toEqual([
        [4, 1, 2],
        [3, 0, 1],
        [2, 1, 2],
        [1, 1, 2],
      ]);
    });

    it('the list of readers is in the order of reading and the list of the others by name, page by page while members go on reading', async () => {
      const { bench, g, ann, id } = await crew();
      const many = Array.from({ length: 12 }, (_, i) => `${ann}-r${String(i).padStart(2, '0')}`);
      await bench.members(g, Object.fromEntries(many.map((one) => [one, 'member'])));
      await bench.submit(ann, groupMessage(g, id('m1')));
      const page = async (filter: 'read' | 'unread', cursor: string | null, me = ann) => {
        const after = cursor === null ? null : parseListCursor(cursor, filter)!;
        return bench.store.read('members', (tx) => listMembers(tx, bench.viewer(me), { messageId: id('m1'), filter, limit: 4 }, after));
      };
      for (const one of many.slice(0, 5).reverse()) await bench.submit(one, groupReceipts(g, { named: [[1, 1]] }));
      const first = await page('read', null);
      expect(first.complete).toBe(false);
      for (const one of many.slice(5, 8)) await bench.submit(one, groupReceipts(g, { named: [[1, 1]] }));
      const second = await page('read', first.cursor);
      expect(second).toMatchObject({ complete: true, cursor: null });
      const readers = [...first.members, ...second.members];
      expect(readers.map(({ userId }) => userId).sort()).toEqual(many.slice(0, 8));
      expect(readers.map(({ readAt }) => readAt)).toEqual(readers.map(({ readAt }) => readAt).sort());

      const rest: string[] = [];
      for (let cursor: string | null = null, more = true; more;) {
        const one = await page('unread', cursor);
        rest.push(...one.members.map(({ userId }) => userId));
        expect(one.members.every(({ readAt }) => readAt === null)).toBe(true);
        cursor = one.cursor;
        more = !one.complete;
        if (rest.length === 4) await bench.members(g, { [many[11]!]: null, [`${many[0]!}-late`]: 'member' });
      }
      expect(rest).toEqual([...new Set([...many.slice(8), ...rest.filter((one) => /^(ben|cat)-/.test(one))])].sort());
      expect(rest).toHaveLength(6);
      expect(await page('read', null, many[0])).toEqual({ members: [], cursor: null, complete: true });
      bench.policy = { ...RECEIPTS_ON, visibleTo: 'members' };
      expect((await page('read', null, many[0])).members).toHaveLength(4);
    });

    it('receipt counts reach every member if the policy says so', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      bench.policy = { ...RECEIPTS_ON, visibleTo: 'members' };
      await bench.submit(ann, groupMessage(g, id('m1')));
      const at = await bench.cursor(cat);
      const { hints } = await bench.frame(ben, groupReceipts(g, { named: [[1, 1]] }));
      expect(hints.map(({ kind, userIds }) => [kind, [...userIds].sort()])).toEqual([
        ['changes', [ben]],
        ['receipts', [ann, cat].sort()],
      ]);
      expect((await bench.pull(cat, at, 'all')).flatMap(({ receipts = [] }) => receipts)).toMatchObject([
        { readCount: 1, memberCount: 2, readers: [{ by: ben }] },
      ]);
      expect((await bench.fetch(cat, g))[0]?.receipt).toEqual({ readCount: 1, memberCount: 2, expired: false });
      expect(await bench.store.read('receipts', (tx) => findReceipts(tx, bench.viewer(cat), [id('m1')]))).toEqual([
        { messageId: id('m1'), readCount: 1, memberCount: 2, expired: false, location: { conversationId: `group:${g}`, seq: 1 } },
      ]);
    });

    it('a recall ends the receipts of a message: no count, no list, and a late receipt has no effect (F83)', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('m1')));
      await bench.submit(ben, groupReceipts(g, { named: [[1, 1]] }));
      await bench.submit(ann, groupRecall(g, id('m1')));
      expect(await bench.submit(cat, groupReceipts(g, { named: [[1, 1]], namedIds: [id('m1')] }))).toMatchObject([
        { outcome: 'confirmed', row: { mine: { named: [] } } },
      ]);
      expect((await bench.fetch(ann, g))[0]).not.toHaveProperty('receipt');
      expect(await bench.store.read('receipts', (tx) => findReceipts(tx, bench.viewer(ann), [id('m1')]))).toEqual([
        { messageId: id('m1'), readCount: 0, memberCount: 0, expired: false },
      ]);
      const list = await bench.store.read('members', (tx) =>
        listMembers(tx, bench.viewer(ann), { messageId: id('m1'), filter: 'read', limit: 10 }, null),
      );
      expect(list.members).toEqual([]);
      const both = await bench.submit(ann, groupMessage(g, id('m2')), groupRecall(g, id('m2')), groupMessage(g, id('m2')));
      expect(outcomes(both)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    });

    it('late receipts are refused by id and the rest is accepted; confirmed receipts stay confirmed (F81)', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      bench.policy = { ...RECEIPTS_ON, windowMs: 0 };
      await bench.submit(ann, groupMessage(g, id('m1')));
      bench.policy = RECEIPTS_ON;
      await bench.submit(ann, groupMessage(g, id('m2')));
      now += 1;
      const catAt = await bench.cursor(cat);
      const late = await bench.frame(ben, groupReceipts(g, { named: [[1, 2]], position: 2 }));
      expect(late.results).toMatchObject([
        {
          outcome: 'confirmed',
          refused: [{ id: id('m1'), code: 'rejected/receipt-expired' }],
          row: { readUpTo: 2, mine: { named: [[2, 2]] } },
        },
      ]);
      expect(late.hints[0]?.userIds).toContain(cat);
      // All members learn that the receipt has expired. Only its sender learns the number of readers.
      const news = (await bench.pull(cat, catAt)).flatMap(({ receipts = [] }) => receipts);
      expect(news).toEqual([{ conversationId: `group:${g}`, seq: 1, id: id('m1'), readCount: 0, memberCount: 0, expired: true }]);
      expect((await bench.fetch(ann, g)).map(({ receipt }) => receipt)).toMatchObject([
        { readCount: 1, memberCount: 2, expired: false },
        { readCount: 0, memberCount: 2, expired: true },
      ]);
      expect(await bench.submit(ben, groupReceipts(g, { named: [[2, 2]] }))).toMatchObject([{ outcome: 'confirmed' }]);
      expect(await bench.submit(ben, groupReceipts(g, { namedIds: [id('m1')] }))).toMatchObject([{ refused: [{ id: id('m1') }] }]);
    });

    it('a sweep expires, once, the receipts past their window that some members have not sent', async () => {
      const { bench, g, ann, ben, cat, id } = await crew();
      const sweep = () => bench.store.tx('expire', expireDue);
      bench.policy = { ...RECEIPTS_ON, windowMs: 150 };
      await bench.submit(ann, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      bench.policy = RECEIPTS_ON;
      await bench.submit(ann, groupMessage(g, id('m3')));
      await bench.submit(ben, groupReceipts(g, { named: [[1, 2]] }));
      await bench.submit(cat, groupReceipts(g, { named: [[1, 1]] }));
      const at = await bench.cursor(ben);
      now += 151;
      const { hints } = await sweep();
      expect(new Set(hints.flatMap(({ userIds }) => userIds))).toEqual(new Set([ann, ben, cat]));
      expect((await bench.fetch(ann, g)).map(({ receipt }) => [receipt?.readCount, receipt?.expired])).toEqual([
        [0, false],
        [1, true],
        [2, false],
      ]);
      expect((await bench.pull(ben, at)).flatMap(({ receipts = [] }) => receipts)).toMatchObject([{ seq: 2, readCount: 0, expired: true }]);
      expect(await sweep()).toMatchObject({ checked: 0, hints: [] });
      expect(await bench.submit(cat, groupReceipts(g, { named: [[1, 2]] }))).toMatchObject([{ refused: [{ id: id('m2') }] }]);
    });

    it('the feed pages a long list of changed receipts without losing one', async () => {
      const { bench, g, ann, ben, id } = await crew();
      for (let i = 0; i < 6; i++) await bench.submit(ann, ...Array.from({ length: 100 }, (_, k) => groupMessage(g, id(`${i}-${k}`))));
      const at = await bench.cursor(ann);
      for (let i = 0; i < 12; i++) await bench.submit(ben, groupReceipts(g, { named: [[i * 50 + 1, i * 50 + 50]] }));
      const frames = await bench.pull(ann, at);
      expect(frames.length).toBeGreaterThan(1);
      for (const [i, frame] of frames.entries()) expect(frame.from).toBe(i === 0 ? at : frames[i - 1]!.to);
      expect(frames.flatMap(({ receipts = [] }) => receipts.map(({ seq }) => seq))).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
    });
  });
};
