/**
 * After an absence from a group, a member learns of the changes in between, over every server store, for any
 * time of the device's pulls.
 */
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/protocol/frames.ts';
import { expireDue } from '../../src/server/expiry.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall, RECEIPTS_ON, withClock } from './groups.ts';

type Changes = readonly Frame<'changes'>[];

let groups = 0;
const receiptsOf = (frames: Changes): (readonly [string, number, boolean])[] =>
  frames.flatMap(({ receipts = [] }) => receipts.map(({ id, readCount, expired }) => [id, readCount, expired] as const));
const messagesOf = (frames: Changes): (readonly [string, boolean])[] =>
  frames.flatMap(({ messages }) => messages.flatMap((of) => of.messages.map(({ id, recalled }) => [id, recalled] as const)));

export const describeAbsences = (open: () => ServerStore): void => {
  let now = Date.now();

  /** A group on a device of cat. The device always pulls from its last cursor. */
  const crew = async () => {
    const n = ++groups;
    const [g, ann, ben, cat] = [`away-${n}`, `away-ann-${n}`, `away-ben-${n}`, `away-cat-${n}`];
    const bench = new GroupBench(withClock(open(), () => now));
    await bench.members(g, { [ann]: 'member', [ben]: 'member', [cat]: 'member' });
    let cursor: string | null = null;
    const pull = async (): Promise<Changes> => {
      const frames = await bench.pull(cat, cursor);
      cursor = frames.at(-1)!.to;
      return frames;
    };
    await pull();
    return {
      bench,
      g,
      ann,
      ben,
      cat,
      pull,
      id: (name: string) => `${g}-${name}`,
      leave: () => bench.members(g, { [cat]: null }),
      comeBack: () => bench.members(g, { [cat]: 'member' }),
      ack: (reader: string, ...seqs: number[]) => bench.submit(reader, groupReceipts(g, { named: seqs.map((seq) => [seq, seq]) })),
    };
  };

  describe('absences from a group', { timeout: 30_000 }, () => {
    it('a former member learns of receipts until the departure, of no later ones, and of all of them after a return', async () => {
      const { bench, g, ann, ben, cat, pull, id, leave, comeBack, ack } = await crew();
      await bench.submit(cat, groupMessage(g, id('m1')), groupMessage(g, id('m2')));
      await pull();
      await ack(ann, 1);
      await leave();
      await ack(ben, 2);
      expect(receiptsOf(await pull())).toEqual([[id('m1'), 1, false]]);
      expect(receiptsOf(await pull())).toEqual([]);
      await ack(ann, 2);
      expect(receiptsOf(await pull())).toEqual([]);
      await comeBack();
      const back = await pull();
      expect(receiptsOf(back)).toEqual([[id('m2'), 2, false]]);
      expect(back.flatMap(({ receipts = [] }) => receipts)[0]).not.toHaveProperty('by');
      expect(receiptsOf(await pull())).toEqual([]);
    });

    it('a device that pulled in one absence and next during another misses no receipt and no recall', async () => {
      const { bench, g, ann, ben, cat, pull, id, leave, comeBack, ack } = await crew();
      await bench.submit(cat, groupMessage(g, id('m1')));
      await bench.submit(ann, groupMessage(g, id('a1')));
      await pull();
      await leave();
      await ack(ann, 1);
      await bench.submit(ann, groupRecall(g, id('a1')));
      expect([receiptsOf(await pull()), messagesOf(await pull())]).toEqual([[], []]);
      await comeBack();
      await leave();
      expect([receiptsOf(await pull()), messagesOf(await pull())]).toEqual([[], []]);
      await comeBack();
      await leave();
      await comeBack();
      const back = await pull();
      expect(receiptsOf(back)).toEqual([[id('m1'), 1, false]]);
      expect(messagesOf(back)).toEqual([[id('a1'), true]]);
      await ack(ben, 1);
      expect(receiptsOf(await pull())).toEqual([[id('m1'), 2, false]]);
    });

    it('a returning member learns of every receipt that expired in between, of all members’ messages', async () => {
      const { bench, g, ann, cat, pull, id, leave, comeBack } = await crew();
      bench.policy = { ...RECEIPTS_ON, windowMs: 1000 };
      await bench.submit(cat, groupMessage(g, id('m1')));
      await bench.submit(ann, groupMessage(g, id('a1')));
      await pull();
      await leave();
      now += 1001;
      await bench.store.tx('expire', expireDue);
      expect(receiptsOf(await pull())).toEqual([]);
      await comeBack();
      expect(receiptsOf(await pull())).toEqual([
        [id('m1'), 0, true],
        [id('a1'), 0, true],
      ]);
    });

    it('a recall reaches a member who left after it and a returning member, without the body', async () => {
      const { bench, g, ann, pull, id, leave, comeBack } = await crew();
      await bench.submit(ann, ...['a1', 'a2', 'a3'].map((name) => groupMessage(g, id(name))));
      await pull();
      await bench.submit(ann, groupRecall(g, id('a1')));
      await leave();
      await bench.submit(ann, groupRecall(g, id('a2')), groupMessage(g, id('a4')));
      expect(messagesOf(await pull())).toEqual([[id('a1'), true]]);
      expect(messagesOf(await pull())).toEqual([]);
      await comeBack();
      const back = await pull();
      expect(messagesOf(back)).toEqual([[id('a2'), true]]);
      expect(back.flatMap(({ messages }) => messages)).toMatchObject([{ conversationId: `group:${g}`, messages: [{ seq: 2, body: '' }] }]);
      expect(messagesOf(await pull())).toEqual([]);
    });

    it('the feed pages a long list of recalls without losing one', async () => {
      const { bench, g, ann, pull, id, leave } = await crew();
      const names = Array.from({ length: 600 }, (_, i) => id(String(i)));
      await bench.submit(ann, ...names.map((name) => groupMessage(g, name)));
      await pull();
      for (let i = 0; i < 600; i += 100) await bench.submit(ann, ...names.slice(i, i + 100).map((name) => groupRecall(g, name)));
      await leave();
      const frames = await pull();
      expect(frames.length).toBeGreaterThan(1);
      for (const [i, frame] of frames.entries()) if (i > 0) expect(frame.from).toBe(frames[i - 1]!.to);
      expect(messagesOf(frames)).toEqual(names.map((name) => [name, true]));
    });

    it('a change of members that waited for a later transaction still raises the row’s version', async () => {
      const { bench, g, cat, ack, ann, id } = await crew();
      await bench.submit(ann, groupMessage(g, id('a1')));
      await ack(cat, 1);
      const { version } = (await bench.row(cat, g))!;
      for (const role of [null, 'member'] as const) {
        await bench.store.tx('members', (tx) => changeMembers({ ...tx, version: 1 }, g, new Map([[cat, role]]), 'stay'));
        expect((await bench.row(cat, g))!.version).toBeGreaterThanOrEqual(version);
      }
    });
  });
};
