/**
 * Every device with a recalled message learns of the recall, over every server store, however much else is
 * new.
 */
import { describe, expect, it } from 'vitest';
import type { WireMessage } from '../../src/protocol/changes.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { type Entry, GroupBench, groupMessage, groupRecall } from './groups.ts';
import { messageTo, owed } from './server-harness.ts';

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
  /** Ann writes, ben holds everything up to where his device stands, and looks again whenever the test says so. */
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
      /** More than a frame of news names. */
      chatter: (count = 250, body = '"hi"') =>
        bench.submit(ann, ...several(count, (i) => messageTo(ben, id(`c${++keys}-${i}`), body)), groupMessage(g, id(`h${++keys}`))),
      /** So many chats that they fill a page of the feed, and then move without any message. */
      manyChats: () => bench.submit(ben, ...friends.map((friend) => messageTo(friend, id(friend)))),
      moveThem: () => bench.submit(ben, ...friends.map((friend) => owed(friend, { muted: { count: 1, value: true } }))),
      /** What was recalled in what is told, sorted; nothing twice, and none with what it said. */
      told: (frames: readonly Frame<'changes'>[]): string[] => {
        expect(JSON.stringify(frames)).not.toContain(JSON.stringify(TEXT));
        return recalledIn(frames).sort();
      },
    };
  };

  describe('recalls are always told', { timeout: 60_000 }, () => {
    it('before 250 newer messages, to reader and sender, in a direct chat and a group', async () => {
      const { bench, ann, ben, id, pull, recallBoth, chatter, told } = await crew();
      await bench.submit(ann, messageTo(ben, id('d2'), TEXT));
      await recallBoth();
      await chatter();
      // Among the newest: told with them.
      await bench.submit(ann, recallTo(ben, id('d2')));
      expect(told(await pull())).toEqual([id('d1'), id('d2'), id('g1')]);
      expect(told(await pull())).toEqual([]);
      expect(told(await pull(ann))).toEqual([id('d1'), id('d2'), id('g1')]);
    });

    it('before more than 64 KiB of newer messages', async () => {
      const { id, pull, recallBoth, chatter, told } = await crew();
      await recallBoth();
      await chatter(20, JSON.stringify('x'.repeat(8000)));
      expect(told(await pull())).toEqual([id('d1'), id('g1')]);
    });

    it('where the conversation moved to a later page of the feed', async () => {
      const { bench, g, ann, ben, id, pull, recallBoth, manyChats, moveThem, told } = await crew();
      await manyChats();
      await pull();
      await recallBoth();
      await moveThem();
      await bench.submit(ann, messageTo(ben, id('d2')), groupMessage(g, id('g2')));
      const frames = await pull();
      expect(told(frames)).toEqual([id('d1'), id('g1')]);
      // In the page of the recall, not of the chats.
      const at = frames.findIndex((frame) => recalledIn([frame]).length > 0);
      expect(frames.slice(0, at + 1).flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId))).not.toContain(`group:${g}`);
    });

    it('where a running transaction moved the conversation past the end of the feed (F65)', async () => {
      const { bench, ann, ben, g, id, recallBoth, cursors, told } = await crew();
      await recallBoth();
      const feedEnd = await bench.store.read('feed-end', async (tx) => tx.feedEnd);
      await bench.submit(ann, messageTo(ben, id('d2')), groupMessage(g, id('g2')));
      // A transaction sees this end of the feed if it began while an older transaction than the last one was still running.
      const page = await bench.store.read('changes', (tx) => pullPage({ ...tx, feedEnd }, bench.viewer(ben), cursors.get(ben)!, false));
      expect(page).toMatchObject({ complete: true });
      const rest = await bench.pull(ben, page!.frames.at(-1)!.to);
      expect(told([...page!.frames, ...rest])).toEqual([id('d1'), id('g1')]);
      expect(messagesOf(rest).map((message) => message.id)).toEqual([id('g2'), id('d2')]);
    });

    it('more of them than a page holds, none lost and none twice', async () => {
      const { bench, ann, ben, g, id, pull, chatter, told } = await crew();
      const [inGroup, direct] = [several(300, (i) => id(`rg${i}`)), several(300, (i) => id(`rd${i}`))];
      await bench.submit(ann, ...inGroup.map((one) => groupMessage(g, one)), ...direct.map((one) => messageTo(ben, one)));
      await pull();
      for (let i = 0; i < 300; i += 100) {
        await bench.submit(ann, ...inGroup.slice(i, i + 100).map((one) => groupRecall(g, one)));
        await bench.submit(ann, ...direct.slice(i, i + 100).map((one) => recallTo(ben, one)));
      }
      await chatter();
      const frames = await pull();
      expect(told(frames)).toEqual([...inGroup, ...direct].sort());
      const rows = frames.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId));
      expect(rows.filter((one) => one === `group:${g}` || one === `direct:${ann}`).sort()).toEqual([`direct:${ann}`, `group:${g}`]);
      expect(told(await pull())).toEqual([]);
    });

    it('once to a member who left and came back, wherever the pages end in between', async () => {
      for (const paged of [false, true]) {
        const { bench, g, ann, ben, id, pull, chatter, manyChats, moveThem, told } = await crew();
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
        expect(told(await pull()), `paged ${paged}`).toEqual([id('a1'), id('a2'), id('a3')]);
        expect(told(await pull())).toEqual([]);
      }
    });

    it('not to a former member, and to a new member none from before the join', async () => {
      const { bench, g, ann, ben, id, pull, chatter, recallBoth, told } = await crew();
      const dan = `${ben}-dan`;
      await bench.submit(ann, groupMessage(g, id('g0')), messageTo(dan, id('e1')));
      await bench.submit(ann, groupRecall(g, id('g0')));
      await pull(dan);
      await pull();
      await bench.members(g, { [ben]: null, [dan]: 'member' });
      await recallBoth();
      await chatter();
      await bench.submit(ann, ...several(250, (i) => messageTo(dan, id(`e2-${i}`))));
      // What is recalled while they are in it is theirs to know: they may have fetched it.
      expect(told(await pull(dan))).toEqual([id('g1')]);
      expect(told(await pull())).toEqual([id('d1')]);
    });

    it('and asked for only where they can be missing', async () => {
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
