/** Single messages cleared by a user, over every server store. */
import { describe, expect, it } from 'vitest';
import { MAX_UNCOUNTED_RANGES } from '../../src/model/conversation/conversation.ts';
import { fromSeqs, type Ranges } from '../../src/model/registers/ranges.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

export const describeCleared = (open: () => ServerStore): void => {
  describe('messages cleared one by one', () => {
    const start = async (count: number) => {
      const n = ++people;
      const bench = new GroupBench(open());
      const [ann, ben] = [`cleared-ann-${n}`, `cleared-ben-${n}`];
      for (let from = 0; from < count; from += 400)
        await bench.submit(ben, ...Array.from({ length: Math.min(400, count - from) }, (_, i) => messageTo(ann, `${ben}-${from + i + 1}`)));
      const rows = async (me: string, cursor: string | null = null) => (await bench.pull(me, cursor)).flatMap((frame) => frame.rows);
      const unread = async () => {
        const [row] = await rows(ann);
        return unreadAt(row!, row!.readUpTo);
      };
      return { bench, ann, ben, rows, unread, clear: (cleared: Ranges) => bench.submit(ann, receiptsTo(ben, { cleared })) };
    };

    it('they merge by union, in any order and number, and the row leaves them out of the count (I-2)', async () => {
      const { bench, ann, ben, rows, unread, clear } = await start(6);
      const before = await bench.cursor(ann);
      expect(await clear([[4, 4]])).toMatchObject([{ outcome: 'confirmed', row: { readUpTo: 0, cleared: [[4, 4]] } }]);
      await clear([[2, 2]]);
      const at = await bench.cursor(ann);
      await clear([
        [2, 2],
        [4, 4],
      ]);
      // A repeated clear changes nothing, so the server makes no news.
      expect(await rows(ann, at)).toEqual([]);
      expect(await unread()).toEqual({ unreadCount: 4, exact: true });
      expect(await rows(ann, before)).toMatchObject([
        {
          cleared: [
            [2, 2],
            [4, 4],
          ],
        },
      ]);
      const peers = await rows(ben);
      expect(peers).toMatchObject([{ readUpTo: 0, theirs: { read: [], named: [] } }]);
      expect(JSON.stringify(peers)).not.toContain('[4,4]');
    });

    it('a message that does not exist yet is not cleared, and a message below the position stays read', async () => {
      const { bench, ann, ben, clear, unread } = await start(3);
      await bench.submit(
        ann,
        receiptsTo(ben, {
          position: 2,
          cleared: [
            [1, 1],
            [3, 9],
          ],
        }),
      );
      expect(await unread()).toEqual({ unreadCount: 0, exact: true });
      await bench.submit(ben, messageTo(ann, `${ben}-4`));
      expect(await unread()).toEqual({ unreadCount: 1, exact: true });
      const [member] = await bench.store.read('look', async (tx) => {
        const [chat] = await tx.conversations(ann, [`direct:${ben}`]);
        return tx.ownMembers(ann, [chat!.id]);
      });
      expect(member).toMatchObject({ readUpTo: 2, cleared: [[3, 3]] });
      await clear([[1, 2]]);
      expect(await unread()).toEqual({ unreadCount: 1, exact: true });
    });

    it('a recalled message that was cleared is left out once, and a later position takes all in', async () => {
      const { bench, ann, ben, clear, unread } = await start(3);
      await clear([[2, 2]]);
      await bench.submit(ben, { kind: 'recall', key: 'k', conversationId: `direct:${ann}`, cursor: null, id: `${ben}-2` } as {
        key: string;
      });
      expect(await unread()).toEqual({ unreadCount: 2, exact: true });
      await bench.submit(ann, receiptsTo(ben, { position: 3 }));
      expect(await unread()).toEqual({ unreadCount: 0, exact: true });
    });

    it('an entry of a lost history clears nothing: its seqs may be other messages now', async () => {
      const { bench, ann, ben, unread } = await start(3);
      await bench.submit(ann, receiptsTo(ben, { cleared: [[2, 2]] }, 'gone.1'));
      expect(await unread()).toEqual({ unreadCount: 3, exact: true });
    });

    it('above 256 pieces the row carries the number, and the server forgets none of them', async () => {
      const { bench, ann, ben, rows, clear, unread } = await start(640);
      const every = fromSeqs(Array.from({ length: 320 }, (_, i) => 2 * i + 1));
      expect(every.length).toBeGreaterThan(MAX_UNCOUNTED_RANGES);
      await clear(every.slice(0, 200));
      await clear(every.slice(200));
      expect(await rows(ann)).toMatchObject([{ uncounted: [], counted: { at: 0, upTo: 640, count: 320 } }]);
      await bench.submit(ann, receiptsTo(ben, { position: 600 }));
      expect((await rows(ann))[0]!.cleared).toHaveLength(20);
      expect(await unread()).toEqual({ unreadCount: 20, exact: true });
    });

    it('a mark from an older message counts them again, a later clear wins over the mark, and the end of the mark ends both', async () => {
      const { bench, ann, ben, rows, unread, clear } = await start(6);
      await clear([[5, 6]]);
      const mark = { count: 1, value: true, at: 6, from: 3 };
      await bench.submit(ann, receiptsTo(ben, { position: 4, marked: mark }));
      expect(await unread()).toEqual({ unreadCount: 4, exact: true });
      // The second device clears under the mark, and the first device’s clear from before the mark comes late.
      await bench.submit(ann, receiptsTo(ben, { cleared: [[4, 4]], marked: { ...mark, cleared: [[4, 4]] } }));
      await clear([[3, 3]]);
      const before = await bench.cursor(ann);
      await bench.submit(ann, receiptsTo(ben, { cleared: [[4, 5]], marked: { ...mark, cleared: [[4, 4]] } }));
      expect(await rows(ann, before)).toEqual([]);
      expect(await rows(ann)).toMatchObject([{ readUpTo: 4, cleared: [[3, 6]], marked: { ...mark, cleared: [[4, 4]] } }]);
      expect(await unread()).toEqual({ unreadCount: 3, exact: true });
      // A clear under a mark that another device has replaced is earlier than the new mark.
      await bench.submit(ann, receiptsTo(ben, { marked: { ...mark, count: 2, from: 4 } }));
      await bench.submit(ann, receiptsTo(ben, { cleared: [[6, 6]], marked: { ...mark, cleared: [[6, 6]] } }));
      expect(await unread()).toEqual({ unreadCount: 3, exact: true });
      await bench.submit(ann, receiptsTo(ben, { marked: { count: 3, value: false, at: 6 } }));
      expect(await unread()).toEqual({ unreadCount: 0, exact: true });
    });

    it('a mark clears no message that does not exist, and above 256 pieces the row carries the newest of the mark’s clears', async () => {
      const { bench, ann, ben, rows, unread } = await start(640);
      const every = fromSeqs(Array.from({ length: 320 }, (_, i) => 2 * i + 1));
      await bench.submit(ann, receiptsTo(ben, { cleared: every.slice(0, 200) }));
      const mark = { count: 1, value: true, at: 640, from: 1 };
      await bench.submit(ann, receiptsTo(ben, { position: 640, marked: { ...mark, cleared: [...every, [700, 900]] } }));
      const [row] = await rows(ann);
      expect(row).toMatchObject({ uncounted: [], counted: { at: 0, upTo: 640, count: 320 }, marked: { cleared: every.slice(-256) } });
      expect(await unread()).toEqual({ unreadCount: 320, exact: true });
      await bench.submit(ben, messageTo(ann, `${ben}-641`));
      expect(await unread()).toEqual({ unreadCount: 321, exact: true });
      await bench.submit(ann, receiptsTo(ben, { marked: { ...mark, count: 2 } }));
      expect(await unread()).toEqual({ unreadCount: 641, exact: true });
    });

    it('in a group only the member’s own row changes, and a former member clears nothing', async () => {
      const { bench, ann, ben } = await start(0);
      const group = `cleared-${people}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ben, groupMessage(group, `${group}-1`), groupMessage(group, `${group}-2`));
      const cursor = await bench.cursor(ben);
      const { hints } = await bench.frame(ann, groupReceipts(group, { cleared: [[1, 1]] }));
      expect(hints).toEqual([{ kind: 'changes', userIds: [ann] }]);
      expect(await bench.row(ann, group)).toMatchObject({ cleared: [[1, 1]] });
      expect((await bench.pull(ben, cursor)).flatMap((frame) => frame.rows)).toEqual([]);
      await bench.members(group, { [ann]: null });
      expect(await bench.submit(ann, groupReceipts(group, { cleared: [[2, 2]] }))).toMatchObject([
        { code: 'rejected/no-such-conversation' },
      ]);
      await bench.members(group, { [ann]: 'member' });
      await bench.submit(ben, groupMessage(group, `${group}-3`));
      const row = (await bench.row(ann, group))!;
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: 1, exact: true });
    });
  });
};
