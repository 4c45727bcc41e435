/** Mentioned users, over every server store. Groups and users are new in every test. */
import { describe, expect, it } from 'vitest';
import { mentionsAt } from '../../src/model/conversation/unread.ts';
import { pushesOf } from '../../src/server/push/host-pushes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall } from './groups.ts';
import { messageTo } from './server-harness.ts';

let crews = 0;

export const describeMentions = (open: () => ServerStore): void => {
  const crew = async () => {
    const n = ++crews;
    const [g, ann, ben, cat] = [`named-${n}`, `named-ann-${n}`, `named-ben-${n}`, `named-cat-${n}`];
    const bench = new GroupBench(open());
    await bench.members(g, { [ann]: 'member', [ben]: 'member', [cat]: 'member' });
    let ids = 0;
    const say = (from: string, more: object) => bench.frame(from, groupMessage(g, `${g}-${++ids}`, { receiptRequested: false, ...more }));
    const mentions = async (user: string) => (await bench.row(user, g))!.mentions;
    return { bench, g, ann, ben, cat, say, mentions };
  };

  describe('mentions', { timeout: 60_000 }, () => {
    it('a row holds the messages that mention its reader: not own ones, not uncountable ones, and none at or below the position', async () => {
      const { bench, g, ann, ben, cat, say, mentions } = await crew();
      await say(ann, { mentions: [ben] });
      await say(ann, { mentions: 'all' });
      await say(ben, { mentions: 'all' });
      await say(ann, { mentions: [ben, cat, 'a stranger'], countable: false });
      await say(ann, {});
      await say(cat, { mentions: [cat, ben, ben] });
      expect(await Promise.all([ann, ben, cat].map(mentions))).toEqual([
        [[3, 3]],
        [
          [1, 2],
          [6, 6],
        ],
        [[2, 3]],
      ]);
      await bench.submit(ben, groupReceipts(g, { position: 1 }));
      expect(await mentions(ben)).toEqual([
        [2, 2],
        [6, 6],
      ]);
    });

    it('a recall takes the mention away, and the row of the recall is the newer one', async () => {
      const { bench, g, ann, ben, say } = await crew();
      await say(ann, { mentions: [ben] });
      await say(ann, { mentions: 'all' });
      const before = (await bench.row(ben, g))!;
      const at = await bench.cursor(ben);
      await bench.submit(ann, groupRecall(g, `${g}-1`));
      const frames = await bench.pull(ben, at);
      expect(frames.flatMap(({ rows }) => rows)).toMatchObject([{ mentions: [[2, 2]] }]);
      expect(frames.flatMap(({ rows }) => rows)[0]!.version).toBeGreaterThan(before.version);
    });

    it('a member who joins later is not mentioned by older messages, and one who left is mentioned by none', async () => {
      const { bench, g, ann, ben, say, mentions } = await crew();
      const dan = `${g}-dan`;
      await say(ann, { mentions: [dan, ben] });
      await bench.members(g, { [dan]: 'member', [ben]: null });
      await say(ann, { mentions: 'all' });
      expect([await mentions(dan), await mentions(ben)]).toEqual([[[2, 2]], []]);
    });

    it('in a direct chat, the peer is mentioned by name or by `all`', async () => {
      const { bench, ann, ben } = await crew();
      const told = (mentions: unknown) => ({ ...messageTo(ben, `${ben}-${++crews}`), mentions }) as { key: string };
      await bench.submit(ann, told([ben]), told('all'), told([ann]));
      const [row] = (await bench.pull(ben, null))
        .flatMap(({ rows }) => rows)
        .filter(({ conversationId }) => conversationId === `direct:${ann}`);
      expect(row!.mentions).toEqual([[1, 2]]);
    });

    it('user ids that look like the word or like JSON are only ids', async () => {
      const { bench, g, ann, say, mentions } = await crew();
      const odd = ['all', '"all"', `["${ann}"]`, "o'hara\\", 'null'];
      await bench.members(g, Object.fromEntries(odd.map((user) => [user, 'member'])));
      for (const user of odd) await say(ann, { mentions: [user] });
      expect(await Promise.all(odd.map(mentions))).toEqual(odd.map((_, i) => [[i + 1, i + 1]]));
    });

    it('above 256 ranges a row carries the number of mentions at its position', async () => {
      const { bench, g, ann, ben, say } = await crew();
      const many = Array.from({ length: 600 }, (_, i) =>
        groupMessage(g, `${g}-m${i}`, { receiptRequested: false, ...(i % 2 ? {} : { mentions: [ben] }) }),
      );
      await bench.submit(ann, ...many);
      const row = (await bench.row(ben, g))!;
      expect(row).toMatchObject({ mentions: [], mentionsCounted: { at: 0, upTo: 600, count: 300 } });
      expect([0, 100, 600].map((position) => mentionsAt(row, position))).toEqual([
        { mentionCount: 300, exact: true },
        { mentionCount: 200, exact: false },
        { mentionCount: 0, exact: true },
      ]);
      await bench.submit(ben, groupReceipts(g, { position: 500 }));
      const later = (await bench.row(ben, g))!;
      expect([later.mentionsCounted, mentionsAt(later, 500)]).toEqual([null, { mentionCount: 50, exact: true }]);
      await say(ann, {});
    });

    it('a reader learns of a message only whether it mentions this reader, and after the recall not even this', async () => {
      const { bench, g, ann, ben, cat, say } = await crew();
      await say(ann, { mentions: [ben] });
      const seen = async (user: string) => (await bench.fetch(user, g)).map(({ mentionsMe }) => mentionsMe);
      expect(await Promise.all([ann, ben, cat].map(seen))).toEqual([[undefined], [true], [undefined]]);
      expect((await bench.row(ben, g))!.lastMessage).toMatchObject({ mentionsMe: true });
      expect(JSON.stringify([await bench.fetch(cat, g), await bench.row(cat, g)])).not.toContain(ben);
      await bench.submit(ann, groupRecall(g, `${g}-1`));
      expect(await seen(ben)).toEqual([undefined]);
    });

    it('the mentions are part of a message: other ones under the same id are refused, and their order does not matter', async () => {
      const { bench, g, ann, ben, cat } = await crew();
      const told = (mentions: unknown) => groupMessage(g, `${g}-one`, { receiptRequested: false, mentions });
      const outcomes = await bench.submit(ann, told([ben, cat]), told([cat, ben, cat]), told([ben]), told('all'), told([]), told(['']));
      expect(outcomes.map((one) => ('code' in one ? one.code : one.outcome))).toEqual([
        'confirmed',
        'confirmed',
        'rejected/id-conflict',
        'rejected/id-conflict',
        'rejected/unsupported',
        'rejected/unsupported',
      ]);
      await bench.submit(ann, groupRecall(g, `${g}-one`));
      expect(await bench.submit(ann, told([ben, cat]))).toMatchObject([{ outcome: 'confirmed', message: { recalled: true } }]);
    });

    it('the push of a message tells the mentioned members apart', async () => {
      const { ann, ben, cat, say } = await crew();
      const [announced] = (await say(ann, { mentions: [ben] })).pushes();
      const pushes = await open().read('push', (tx) => pushesOf(tx, announced!.message, announced!.recipients));
      expect(Object.fromEntries(pushes.map(({ userId, message }) => [userId, message.mentionsMe]))).toEqual({
        [ben]: true,
        [cat]: undefined,
      });
    });
  });
};
