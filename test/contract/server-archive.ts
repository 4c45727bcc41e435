/** Archived conversations and left conversations, over every server store. */
import { describe, expect, it } from 'vitest';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { type Entry, GroupBench, groupMessage, groupReceipts, groupRecall } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

const quietTo = (peer: string, id: string): Entry => ({ ...messageTo(peer, id), countable: false });
const recallTo = (peer: string, id: string): Entry => ({
  kind: 'recall',
  key: `recall ${id}`,
  conversationId: `direct:${peer}`,
  cursor: null,
  id,
});

export const describeArchive = (open: () => ServerStore): void => {
  const start = () => {
    const n = ++people;
    const bench = new GroupBench(open());
    const rowOf = async (user: string, conversationId: string) =>
      (await bench.pull(user, null)).flatMap((frame) => frame.rows).find((row) => row.conversationId === conversationId);
    return { bench, rowOf, ann: `archive-ann-${n}`, ben: `archive-ben-${n}`, crew: `archive-crew-${n}` };
  };
  const archived = (at: number, count = 1, value = true) => ({ archived: { count, value, at } });

  describe('an archived conversation', () => {
    it('is reopened by the first countable message of another user, and by no other message', async () => {
      const { bench, rowOf, ann, ben } = start();
      await bench.submit(ben, messageTo(ann, `${ben}-1`));
      const [result] = await bench.submit(ann, receiptsTo(ben, archived(1)));
      const flag = { archived: { count: 1, value: true, at: 1 } };
      expect(result).toMatchObject({ outcome: 'confirmed', row: { ...flag, reopenedBy: 0 } });
      await bench.submit(ann, messageTo(ben, `${ann}-2`));
      await bench.submit(ben, quietTo(ann, `${ben}-3`));
      expect(await rowOf(ann, `direct:${ben}`)).toMatchObject({ ...flag, latestSeq: 3, reopenedBy: 0 });
      await bench.submit(ben, messageTo(ann, `${ben}-4`), messageTo(ann, `${ben}-5`));
      expect(await rowOf(ann, `direct:${ben}`)).toMatchObject({ ...flag, latestSeq: 5, reopenedBy: 4 });
      expect(await rowOf(ben, `direct:${ann}`)).toMatchObject({ archived: { count: 0, value: false, at: 0 }, reopenedBy: 0 });
    });

    it('stays reopened when the message was read or recalled, and a newer flag begins above the newest message', async () => {
      const { bench, rowOf, ann, ben } = start();
      await bench.submit(ben, messageTo(ann, `${ben}-1`));
      await bench.submit(ann, receiptsTo(ben, archived(1)));
      await bench.submit(ben, messageTo(ann, `${ben}-2`));
      await bench.submit(ann, receiptsTo(ben, { position: 2 }));
      await bench.submit(ben, recallTo(ann, `${ben}-2`));
      expect(await rowOf(ann, `direct:${ben}`)).toMatchObject({ readUpTo: 2, reopenedBy: 2 });
      const [result] = await bench.submit(ann, receiptsTo(ben, archived(99, 2)));
      expect(result).toMatchObject({ row: { archived: { count: 2, value: true, at: 2 }, reopenedBy: 0 } });
    });

    it('the flag alone lists a direct chat without a message, for the user who set it', async () => {
      const { bench, rowOf, ann, ben } = start();
      await bench.submit(ann, receiptsTo(ben, archived(0)));
      expect(await rowOf(ann, `direct:${ben}`)).toMatchObject({ latestSeq: 0, archived: { count: 1, value: true, at: 0 } });
      expect(await rowOf(ben, `direct:${ann}`)).toBeUndefined();
      await bench.submit(ben, messageTo(ann, `${ben}-1`));
      expect(await rowOf(ann, `direct:${ben}`)).toMatchObject({ latestSeq: 1, reopenedBy: 1 });
    });

    it('a group is reopened by the messages of the times in which the user was a member', async () => {
      const { bench, rowOf, ann, ben, crew } = start();
      await bench.members(crew, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ben, groupMessage(crew, `${crew}-1`));
      await bench.submit(ann, groupReceipts(crew, archived(1)));
      await bench.members(crew, { [ann]: null });
      await bench.submit(ben, groupMessage(crew, `${crew}-2`));
      await bench.members(crew, { [ann]: 'member' });
      expect(await rowOf(ann, `group:${crew}`)).toMatchObject({ latestSeq: 2, reopenedBy: 0 });
      await bench.submit(ben, groupMessage(crew, `${crew}-3`));
      await bench.submit(ben, groupRecall(crew, `${crew}-3`), groupMessage(crew, `${crew}-4`));
      expect(await rowOf(ann, `group:${crew}`)).toMatchObject({ latestSeq: 4, reopenedBy: 3 });
      await bench.members(crew, { [ann]: null });
      await bench.members(crew, { [ann]: 'member' });
      expect(await rowOf(ann, `group:${crew}`)).toMatchObject({ latestSeq: 4, reopenedBy: 3 });
    });
  });

  describe('a group that a user has left', () => {
    it('stays among the conversations of the user, with nothing unread, until the user returns', async () => {
      const { bench, rowOf, ann, ben, crew } = start();
      const id = `group:${crew}`;
      await bench.members(crew, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ben, groupMessage(crew, `${crew}-1`), groupMessage(crew, `${crew}-2`));
      expect(await rowOf(ann, id)).toMatchObject({ latestSeq: 2, joinedAt: 0, left: { count: 1, value: false } });
      await bench.members(crew, { [ann]: null });
      await bench.submit(ben, groupMessage(crew, `${crew}-3`));
      const gone = await rowOf(ann, id);
      expect(gone).toMatchObject({ latestSeq: 2, joinedAt: 2, left: { count: 2, value: true } });
      const cursor = (await bench.pull(ann, null)).at(-1)!.to;
      await bench.members(crew, { [ann]: 'member' });
      const later = (await bench.pull(ann, cursor)).flatMap((frame) => frame.rows);
      expect(later).toMatchObject([{ conversationId: id, latestSeq: 3, joinedAt: 3, left: { count: 3, value: false } }]);
      expect(await rowOf(ben, id)).toMatchObject({ left: { count: 1, value: false } });
    });
  });
};
