/** Flags of conversations without messages, over every server store. */
import { describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall } from './groups.ts';
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

    it('flags of a group that the user is not in are kept, and the answer is that for a group that does not exist (F112)', async () => {
      const { bench, ann, ben } = start();
      const [real, missing] = [`${ben}-crew`, `${ben}-none`];
      bench.policy = { ...bench.policy, visibleTo: 'members' };
      await bench.members(real, { [ben]: 'member', [`${ben}-2`]: 'member' });
      await bench.submit(ben, groupMessage(real, `${ben}-1`), groupMessage(real, `${ben}-2`));
      const flags = {
        muted: { count: 1, value: true },
        marked: { count: 1, value: true, at: 2, from: 1 },
        archived: { count: 1, value: true, at: 2 },
      };
      const registers = { ...flags, position: 2, named: [[1, 2]], namedIds: [`${ben}-1`] };
      const plain = (value: unknown, group: string) =>
        JSON.parse(
          JSON.stringify(value)
            .replaceAll(group, 'group')
            .replace(/"key":"[^"]*"|"version":\d+/g, '"x":0'),
        ) as unknown;
      const answers: unknown[] = [];
      for (const group of [real, missing]) {
        const before = await bench.cursor(ann);
        await bench.submit(`${ben}-2`, groupReceipts(real, { namedIds: [`${ben}-${answers.length + 1}`] }));
        const { results, hints } = await bench.frame(ann, groupReceipts(group, registers));
        expect(results).toMatchObject([
          {
            outcome: 'confirmed',
            refused: [{ id: `${ben}-1`, code: 'rejected/unknown-message' }],
            row: {
              latestSeq: 0,
              readUpTo: 0,
              ...flags,
              marked: { count: 1, value: true, at: 0 },
              archived: { count: 1, value: true, at: 0 },
            },
          },
        ]);
        expect(hints).toEqual([{ kind: 'changes', userIds: [ann] }]);
        const later = (await bench.pull(ann, before, 'all')).map(({ rows, steps, receipts, messages }) => ({
          rows,
          steps,
          receipts,
          messages,
        }));
        expect(later.flatMap(({ rows }) => rows)).toMatchObject([{ conversationId: `group:${group}`, latestSeq: 0 }]);
        answers.push(plain([results, later, await bench.fetch(ann, group)], group));
      }
      expect(answers[1]).toEqual(answers[0]);
      // All else stays refused, as before the flag, and no member learns of the flag.
      const rest = (group: string) => [
        groupReceipts(group, { position: 1 }),
        groupMessage(group, `${group}-ann`),
        groupRecall(group, `${ben}-1`),
      ];
      expect(await bench.submit(ann, ...rest(real), ...rest(missing))).toMatchObject(Array.from({ length: 6 }, () => NO_SUCH));
      expect((await bench.pull(ben, null)).flatMap(({ rows }) => rows)).toMatchObject([{ muted: { count: 0 }, archived: { count: 0 } }]);
    });

    it('flags set before the user was a member are in force when the user joins, and begin to count from there (F112)', async () => {
      const { bench, ann, ben } = start();
      const crew = `${ben}-crew`;
      const flags = (count: number, value: boolean) => ({ muted: { count, value }, archived: { count, value, at: 0 } });
      await bench.submit(ann, groupReceipts(crew, flags(1, false)));
      await bench.submit(ann, groupReceipts(crew, flags(2, true)));
      await bench.submit(ann, groupReceipts(crew, flags(1, false)));
      const before = await bench.cursor(ann);
      await bench.members(crew, { [ben]: 'member' });
      await bench.submit(ben, groupMessage(crew, `${crew}-1`));
      expect((await bench.pull(ann, before)).flatMap(({ rows }) => rows)).toEqual([]);
      expect(await bench.members(crew, { [ann]: 'member' })).toEqual([ann]);
      const joined = { latestSeq: 1, joinedAt: 1, left: { count: 1, value: false }, reopenedBy: 0, ...flags(2, true) };
      expect((await bench.pull(ann, before)).flatMap(({ rows }) => rows)).toMatchObject([joined]);
      await bench.submit(ben, groupMessage(crew, `${crew}-2`));
      const row = (await bench.row(ann, crew))!;
      expect(row).toMatchObject({ latestSeq: 2, reopenedBy: 2, ...flags(2, true) });
      expect(unreadAt(row, row.readUpTo).unreadCount).toBe(1);
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
