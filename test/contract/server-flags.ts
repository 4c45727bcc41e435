/** Flags of conversations without messages, over every server store. */
import { describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation.ts';
import { unreadAt } from '../../src/model/unread.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

const muted = (peer: string, count = 1, value = true) => receiptsTo(peer, { muted: { count, value } });
const read = async (bench: GroupBench, me: string, entry: { key: string }): Promise<{ row: ConversationRow }> => {
  const [result] = await bench.submit(me, entry);
  return result as unknown as { row: ConversationRow };
};
const NO_SUCH = { outcome: 'rejected', code: 'rejected/no-such-conversation', message: 'no such conversation' };

export const describeFlags = (open: () => ServerStore): void => {
  describe('flags of a conversation without a message', () => {
    const start = () => {
      const n = ++people;
      return { bench: new GroupBench(open()), ann: `flag-ann-${n}`, ben: `flag-ben-${n}` };
    };

    it('flags set before the first message are stored, reach the user’s own devices, and take effect with the first message (F112)', async () => {
      const { bench, ann, ben } = start();
      const [result] = await bench.submit(
        ann,
        receiptsTo(ben, { muted: { count: 1, value: true }, marked: { count: 1, value: true, at: 0 } }),
      );
      const flags = { muted: { count: 1, value: true }, marked: { count: 1, value: true, at: 0 } };
      expect(result).toMatchObject({ outcome: 'confirmed', row: { conversationId: `direct:${ben}`, latestSeq: 0, ...flags } });
      const rows = async () => (await bench.pull(ann, null)).flatMap((frame) => frame.rows);
      expect(await rows()).toMatchObject([{ conversationId: `direct:${ben}`, latestSeq: 0, ...flags }]);
      await bench.submit(ben, messageTo(ann, `${ben}-1`));
      expect(await rows()).toMatchObject([{ latestSeq: 1, readUpTo: 0, ...flags }]);
    });

    it('flags set before the first message show nothing to the peer: for the peer the conversation does not exist (F112)', async () => {
      const { bench, ann, ben } = start();
      const before = (await bench.pull(ben, null)).at(-1)!.to;
      const { hints } = await bench.frame(ann, muted(ben));
      expect(hints).toEqual([{ kind: 'changes', userIds: [ann] }]);
      expect((await bench.pull(ben, before)).flatMap((frame) => frame.rows)).toEqual([]);
      expect((await bench.pull(ben, null)).flatMap((frame) => frame.rows)).toEqual([]);
      const recall = { kind: 'recall', key: 'recall', conversationId: `direct:${ann}`, cursor: null, id: 'nothing' };
      const [position, recalled] = await bench.submit(ben, receiptsTo(ann, { position: 1 }), recall);
      expect([position, recalled]).toMatchObject([NO_SUCH, NO_SUCH]);
      expect(await bench.submit(ben, messageTo(ann, `${ben}-1`))).toMatchObject([{ outcome: 'confirmed', row: { latestSeq: 1 } }]);
    });

    it('the flags of the two users of a chat stay separate (F112)', async () => {
      const { bench, ann, ben } = start();
      await bench.submit(ann, muted(ben));
      expect(await bench.submit(ben, muted(ann, 2, false))).toMatchObject([
        { outcome: 'confirmed', row: { muted: { count: 2, value: false } } },
      ]);
      expect((await bench.pull(ann, null)).flatMap((frame) => frame.rows)).toMatchObject([{ muted: { count: 1, value: true } }]);
    });

    it('flags of a group that this user is not in are refused like flags of a missing group (F112)', async () => {
      const { bench, ann, ben } = start();
      await bench.members('flags', { [ben]: 'member' });
      const flag = (group: string) => ({
        kind: 'receipts',
        key: 'k',
        conversationId: `group:${group}`,
        cursor: null,
        muted: { count: 1, value: true },
      });
      expect(await bench.submit(ann, flag('flags'), flag('flags-of-nobody'))).toMatchObject([NO_SUCH, NO_SUCH]);
    });

    it('a conversation marked unread from a message on: the row says what counts from there on, and the position stays', async () => {
      const { bench, ann, ben } = start();
      const lines = Array.from({ length: 6 }, (_, i) => ({ ...messageTo(ann, `${ben}-${i + 1}`), countable: i !== 3 }));
      await bench.submit(ben, ...lines);
      await bench.submit(ann, messageTo(ben, `${ann}-1`));
      const { row } = await read(bench, ann, receiptsTo(ben, { position: 7, marked: { count: 1, value: true, at: 99, from: 3 } }));
      // Message 4 is not countable, and message 7 is her own.
      expect(row).toMatchObject({ readUpTo: 7, uncounted: [[4, 4], [7, 7]], marked: { count: 1, value: true, at: 7, from: 3 } }); // prettier-ignore
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: 3, exact: true });
      const [again] = (await bench.pull(ann, null)).flatMap((frame) => frame.rows);
      expect(again).toMatchObject({ marked: row.marked, uncounted: row.uncounted });
      // The mark falls as every mark: with the flag, or with a position above `at`.
      const { row: removed } = await read(bench, ann, receiptsTo(ben, { marked: { count: 2, value: false, at: 7 } }));
      expect(removed.uncounted).toEqual([]);
      expect(unreadAt(removed, removed.readUpTo).unreadCount).toBe(0);
      await bench.submit(ann, receiptsTo(ben, { marked: { count: 3, value: true, at: 7, from: 1 } }));
      await bench.submit(ben, messageTo(ann, `${ben}-7`));
      const { row: passed } = await read(bench, ann, receiptsTo(ben, { position: 8 }));
      expect(unreadAt(passed, passed.readUpTo).unreadCount).toBe(0);
    });

    it('the peer learns nothing of a mark, and above 256 ranges the row gives the number from the marked message on', async () => {
      const { bench, ann, ben } = start();
      for (let i = 0; i < 2; i++)
        await bench.submit(ben, ...Array.from({ length: 300 }, (_, k) => ({ ...messageTo(ann, `${ben}-${i}-${k}`), countable: k % 2 === 0 }))); // prettier-ignore
      await bench.submit(ann, receiptsTo(ben, { position: 600 }));
      const before = (await bench.pull(ben, null)).at(-1)!.to;
      const { row } = await read(bench, ann, receiptsTo(ben, { marked: { count: 1, value: true, at: 600, from: 11 } }));
      expect(row).toMatchObject({ readUpTo: 600, uncounted: [], counted: { at: 10, upTo: 600, count: 295 } });
      expect(unreadAt(row, row.readUpTo)).toEqual({ unreadCount: 295, exact: true });
      const [peer] = (await bench.pull(ben, before)).flatMap((frame) => frame.rows);
      expect(peer ?? { readUpTo: 0, marked: { count: 0 } }).toMatchObject({ readUpTo: 0, marked: { count: 0 } });
    });

    it('two devices mark from different messages at the same time: both end with the earlier one, whichever came first', async () => {
      for (const order of [
        [2, 4],
        [4, 2],
      ] as const) {
        // prettier-ignore
        const { bench, ann, ben } = start();
        await bench.submit(ben, ...Array.from({ length: 5 }, (_, i) => messageTo(ann, `${ben}-${i}`)));
        for (const from of order) await bench.submit(ann, receiptsTo(ben, { position: 5, marked: { count: 1, value: true, at: 5, from } }));
        const [row] = (await bench.pull(ann, null)).flatMap((frame) => frame.rows);
        expect(row!.marked).toEqual({ count: 1, value: true, at: 5, from: 2 });
        expect(unreadAt(row!, row!.readUpTo)).toEqual({ unreadCount: 4, exact: true });
      }
    });
  });
};
