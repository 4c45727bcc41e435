/** The total unread counts in pushes, over every server store: each equals the sum of the counts that a device derives from its rows. */
import { describe, expect, it } from 'vitest';
import { holdsArchived } from '../../src/model/conversation/archive.ts';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { unreadTotals } from '../../src/server/push/unread-totals.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;
const MUTED = { muted: { count: 1, value: true } };

export const describeTotals = (open: () => ServerStore): void => {
  describe('the total unread count of a user', { timeout: 60_000 }, () => {
    const start = async () => {
      const n = ++people;
      const [ann, ben, cat, dan] = [`total-ann-${n}`, `total-ben-${n}`, `total-cat-${n}`, `total-dan-${n}`];
      const [crew, quiet, left] = [`total-crew-${n}`, `total-quiet-${n}`, `total-left-${n}`];
      const bench = new GroupBench(open());
      for (const group of [crew, quiet, left]) await bench.members(group, { [ann]: 'member', [ben]: 'member', [cat]: 'admin' });
      let ids = 0;
      const id = (): string => `total-${n}-${++ids}`;
      return { bench, ann, ben, cat, dan, crew, quiet, left, id };
    };
    /** The total derived by a device of the user from its rows. */
    const derived = async (bench: GroupBench, user: string): Promise<number> => {
      const rows = new Map((await bench.pull(user, null)).flatMap((frame) => frame.rows.map((row) => [row.conversationId, row] as const)));
      const counts = (row: ConversationRow): boolean => !row.muted.value && !holdsArchived(row, false);
      return [...rows.values()].reduce((sum, row) => sum + (counts(row) ? unreadAt(row, row.readUpTo).unreadCount : 0), 0);
    };
    const totals = (users: readonly string[], atMost = 1000): Promise<ReadonlyMap<string, number>> =>
      open().read('totals', (tx) => unreadTotals(tx, users, atMost));

    it('the total equals the sum over the rows of a device, without muted chats, left groups and messages that do not count', async () => {
      const { bench, ann, ben, cat, dan, crew, quiet, left, id } = await start();
      const users = [ann, ben, cat, dan];
      const agree = async (): Promise<void> => {
        const found = await totals(users);
        for (const user of users) expect([user, found.get(user)]).toEqual([user, await derived(bench, user)]);
      };
      await agree();
      const gone = id();
      for (const group of [crew, quiet, left])
        for (let i = 0; i < 3; i++)
          await bench.submit(ann, groupMessage(group, i === 1 && group === crew ? gone : id(), { countable: i < 2 || group !== quiet }));
      await bench.submit(ben, messageTo(ann, id()), messageTo(ann, id()), messageTo(dan, id()), groupMessage(crew, id()));
      await bench.submit(dan, messageTo(ann, id()));
      await agree();
      await bench.submit(ann, groupRecall(crew, gone));
      await bench.submit(ben, groupReceipts(quiet, MUTED), groupReceipts(crew, { position: 1 }));
      await bench.submit(ann, receiptsTo(dan, MUTED), receiptsTo(ben, { position: 1 }));
      await bench.members(left, { [ben]: null });
      await agree();
      expect(await totals(users)).toEqual(
        new Map([
          [ann, 2],
          [ben, 1],
          [cat, 8],
          [dan, 1],
        ]),
      );
      // The archived conversations stay out of the totals until a message counts.
      await bench.submit(ann, receiptsTo(ben, { archived: { count: 1, value: true, at: 9 } }));
      await bench.submit(cat, groupReceipts(crew, { archived: { count: 1, value: true, at: 9 } }));
      await agree();
      expect([(await totals([ann])).get(ann), (await totals([cat])).get(cat)]).toEqual([1, 5]);
      await bench.members(crew, { [cat]: null });
      await bench.submit(ann, groupMessage(crew, id()));
      await bench.members(crew, { [cat]: 'member' });
      await bench.submit(ben, { ...messageTo(ann, id()), ...{ countable: false } });
      await agree();
      await bench.submit(ben, messageTo(ann, id()));
      await bench.submit(ann, groupMessage(crew, id()));
      await agree();
      expect([(await totals([ann])).get(ann), (await totals([cat])).get(cat)]).toEqual([3, 6]);
      await bench.members(left, { [ben]: 'member' });
      await bench.submit(cat, groupMessage(left, id()));
      await bench.submit(dan, receiptsTo(ben, MUTED));
      await agree();
      // Messages cleared one by one, among them an own and a recalled message, and messages marked unread below the position.
      await bench.submit(ben, groupReceipts(crew, { position: 2, cleared: [[3, 4]] }));
      await bench.submit(cat, groupReceipts(crew, { cleared: [[1, 2]] }), groupReceipts(quiet, { position: 2 }));
      await agree();
      await bench.submit(cat, groupReceipts(quiet, { marked: { count: 1, value: true, at: 3, from: 1 } }));
      await agree();
    });

    it('a user without a chat has the total 0, and a user with too many messages to count has none', async () => {
      const { bench, ann, ben, id } = await start();
      await bench.submit(ann, messageTo(ben, id()), messageTo(ben, id()), messageTo(ben, id()));
      const nobody = `${ann}-of-no-chat`;
      expect(await totals([ben, nobody, ben], 3)).toEqual(
        new Map([
          [ben, 3],
          [nobody, 0],
        ]),
      );
      expect((await totals([ben], 2)).has(ben)).toBe(false);
      expect(await totals([])).toEqual(new Map());
    });
  });
};
