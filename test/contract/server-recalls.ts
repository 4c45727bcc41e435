/**
 * Every device with a recalled message learns of the recall, over every server store, for any number of other
 * changes.
 */
import { describe, expect, it } from 'vitest';
import type { WireMessage } from '../../src/protocol/changes.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { type Entry, GroupBench, groupMessage, groupRecall } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

const TEXT = '"the text"';
let crews = 0;
let keys = 0;

const recallTo = (peer: string, id: string): Entry => ({
  kind: 'recall',
  key: `r${++keys}`,
  conversationId: `direct:${peer}`,
  cursor: null,
  id,
});
const several = <T>(count: number, one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i));
const messagesOf = (frames: readonly Frame<'changes'>[]): WireMessage[] =>
  frames.flatMap(({ messages }) => messages.flatMap((of) => of.messages));
const recalledIn = (frames: readonly Frame<'changes'>[]): string[] =>
  messagesOf(frames).flatMap(({ id, recalled }) => (recalled ? [id] : []));

export const describeRecalls = (open: () => ServerStore): void => {
  /** Ann writes. Ben's device stores all messages up to its cursor, and pulls again when the test says so. */
  const crew = async () => {
    const n = ++crews;
    const [g, ann, ben] = [`back-${n}`, `back-ann-${n}`, `back-ben-${n}`];
    const bench = new GroupBench(open());
    const id = (name: string | number): string => `${g}-${name}`;
    const friends = several(500, (i) => `${ben}-friend-${i}`);
    const cursors = new Map<string, string>();
    const pull = async (user = ben): Promise<Frame<'changes'>[]> => {
      const frames = await bench.pull(user, cursors.get(user) ?? null);
      for (const [i, frame] of frames.entries()) expect(frame.from).toBe(i === 0 ? (cursors.get(user) ?? null) : frames[i - 1]!.to);
      cursors.set(user, frames.at(-1)!.to);
      return frames;
    };
    await bench.members(g, { [ann]: 'member', [ben]: 'member' });
    await bench.submit(ann, groupMessage(g, id('g1'), { body: TEXT }), messageTo(ben, id('d1'), TEXT));
    await pull(ann);
    await pull();
    return {
      bench,
      g,
      ann,
      ben,
      id,
      pull,
      cursors,
      recallBoth: () => bench.submit(ann, groupRecall(g, id('g1')), recallTo(ben, id('d1'))),
      /** More messages than a frame of news holds. */
      chatter: (count = 250, body = '"hi"') =>
        bench.submit(ann, ...several(count, (i) => messageTo(ben, id(`c${++keys}-${i}`), body)), groupMessage(g, id(`h${++keys}`))),
      /** Enough chats to fill a page of the feed, and a change in each of them without a message. */
      manyChats: () => bench.submit(ben, ...friends.map((friend) => messageTo(friend, id(friend)))),
      moveThem: () => bench.submit(ben, ...friends.map((friend) => receiptsTo(friend, { muted: { count: 1, value: true } }))),
      /** The ids of recalled messages in the frames, sorted. No id may come twice, and none with the body of its message. */
      recalledIds: (frames: readonly Frame<'changes'>[]): string[] => {
        expect(JSON.stringify(frames)).not.toContain(JSON.stringify(TEXT));
        return recalledIn(frames).sort();
      },
    };
  };

  describe('recalls in the feed', { timeout: 60_000 }, () => {
    it('a recall before 250 newer messages reaches the reader and the sender, in a direct chat and in a group', async () => {
      const { bench, ann, ben, id, pull, recallBoth, chatter, recalledIds } = await crew();
      await bench.submit(ann, messageTo(ben, id('d2'), TEXT));
      await recallBoth();
      await chatter();
      // This recalled message is among the newest messages and comes with them.
      await bench.submit(ann, recallTo(ben, id('d2')));
      expect(recalledIds(await pull())).toEqual([id('d1'), id('d2'), id('g1')]);
      expect(recalledIds(await pull())).toEqual([]);
      expect(recalledIds(await pull(ann))).toEqual([id('d1'), id('d2'), id('g1')]);
    });

    it('a recall before more than 64 KiB of newer messages reaches the reader', async () => {
      const { id, pull, recallBoth, chatter, recalledIds } = await crew();
      await recallBoth();
      await chatter(20, JSON.stringify('x'.repeat(8000)));
      expect(recalledIds(await pull())).toEqual([id('d1'), id('g1')]);
    });

    it('a recall reaches the reader although the conversation has moved to a later page of the feed', async () => {
      const { bench, g, ann, ben, id, pull, recallBoth, manyChats, moveThem, recalledIds } = await crew();
      await manyChats();
      await pull();
      await recallBoth();
      await moveThem();
      await bench.submit(ann, messageTo(ben, id('d2')), groupMessage(g, id('g2')));
      const frames = await pull();
      expect(recalledIds(frames)).toEqual([id('d1'), id('g1')]);
      // The recall comes in its own page, not in the page of the chats.
      const at = frames.findIndex((frame) => recalledIn([frame]).length > 0);
      expect(frames.slice(0, at + 1).flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId))).not.toContain(`group:${g}`);
    });

    it('a recall reaches the reader although an unfinished write has moved the conversation past the end of the feed (F65)', async () => {
      const { bench, ann, ben, g, id, recallBoth, cursors, recalledIds } = await crew();
      await recallBoth();
      const feedEnd = await bench.store.read('feed-end', async (tx) => tx.feedEnd);
      await bench.submit(ann, messageTo(ben, id('d2')), groupMessage(g, id('g2')));
      // A transaction sees this end of the feed if the transaction began while an older transaction than the last was still running.
      const page = await bench.store.read('changes', (tx) => pullPage({ ...tx, feedEnd }, bench.viewer(ben), cursors.get(ben)!, false));
      expect(page).toMatchObject({ complete: true });
      const rest = await bench.pull(ben, page!.frames.at(-1)!.to);
      expect(recalledIds([...page!.frames, ...rest])).toEqual([id('d1'), id('g1')]);
      expect(messagesOf(rest).map((message) => message.id)).toEqual([id('g2'), id('d2')]);
    });

    it('more recalls than one page holds reach the reader, each of them once', async () => {
      const { bench, ann, ben, g, id, pull, chatter, recalledIds } = await crew();
      const [inGroup, direct] = [several(300, (i) => id(`rg${i}`)), several(300, (i) => id(`rd${i}`))];
      await bench.submit(ann, ...inGroup.map((one) => groupMessage(g, one)), ...direct.map((one) => messageTo(ben, one)));
      await pull();
      for (let i = 0; i < 300; i += 100) {
        await bench.submit(ann, ...inGroup.slice(i, i + 100).map((one) => groupRecall(g, one)));
        await bench.submit(ann, ...direct.slice(i, i + 100).map((one) => recallTo(ben, one)));
      }
      await chatter();
      const frames = await pull();
      expect(recalledIds(frames)).toEqual([...inGroup, ...direct].sort());
      const rows = frames.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId));
      expect(rows.filter((one) => one === `group:${g}` || one === `direct:${ann}`).sort()).toEqual([`direct:${ann}`, `group:${g}`]);
      expect(recalledIds(await pull())).toEqual([]);
    });

    it('a recall reaches a member who left and came back once, wherever the pages end in between', async () => {
      for (const paged of [false, true]) {
        const { bench, g, ann, ben, id, pull, chatter, manyChats, moveThem, recalledIds } = await crew();
        if (paged) await manyChats();
        await bench.submit(ann, ...['a1', 'a2', 'a3'].map((name) => groupMessage(g, id(name), { body: TEXT })));
        await pull();
        await bench.submit(ann, groupRecall(g, id('a1')));
        await bench.members(g, { [ben]: null });
        await bench.submit(ann, groupRecall(g, id('a2')));
        if (paged) await moveThem();
        await bench.members(g, { [ben]: 'member' });
        await bench.submit(ann, groupRecall(g, id('a3')));
        await chatter();
        expect(recalledIds(await pull()), `paged ${paged}`).toEqual([id('a1'), id('a2'), id('a3')]);
        expect(recalledIds(await pull())).toEqual([]);
      }
    });

    it('a recall does not reach a former member, and a new member learns of no recall from before the join', async () => {
      const { bench, g, ann, ben, id, pull, chatter, recallBoth, recalledIds } = await crew();
      const dan = `${ben}-dan`;
      await bench.submit(ann, groupMessage(g, id('g0')), messageTo(dan, id('e1')));
      await bench.submit(ann, groupRecall(g, id('g0')));
      await pull(dan);
      await pull();
      await bench.members(g, { [ben]: null, [dan]: 'member' });
      await recallBoth();
      await chatter();
      await bench.submit(ann, ...several(250, (i) => messageTo(dan, id(`e2-${i}`))));
      // No message from before the join ever reached Dan.
      expect(recalledIds(await pull(dan))).toEqual([]);
      expect(recalledIds(await pull())).toEqual([id('d1')]);
    });

    it('the server looks for recalls only where the newest messages cannot contain them all', async () => {
      const { bench, ben, cursors, recallBoth, chatter } = await crew();
      let asked = 0;
      const pull = async () => {
        await bench.store.read('changes', async (tx) => {
          const changedRecalls: typeof tx.changedRecalls = (...args) => {
            asked++;
            return tx.changedRecalls(...args);
          };
          await pullPage({ ...tx, changedRecalls }, bench.viewer(ben), cursors.get(ben)!, false);
        });
        return asked;
      };
      await recallBoth();
      await chatter(100);
      expect(await pull()).toBe(0);
      await chatter(100);
      expect(await pull()).toBe(1);
    });
  });
};
