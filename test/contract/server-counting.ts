/** The host decides which messages count for a reader: the same tests over every server store. */
import { describe, expect, it } from 'vitest';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import { createLocalBus } from '../../src/server/bus/bus.ts';
import { countsChanged } from '../../src/server/counting.ts';
import { applyEntries, type Rules } from '../../src/server/submit/apply-entries.ts';
import { askCounting } from '../../src/server/submit/ask-counts.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import { unreadTotals } from '../../src/server/push/unread-totals.ts';
import { Overtaken } from '../../src/server/store/persist.ts';
import type { Core } from '../../src/server/core.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { GroupBench, groupMessage, groupReceipts, RECEIPTS_ON } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

export const describeCounting = (open: () => ServerStore): void => {
  describe('what counts for a reader', () => {
    const start = () => {
      const n = ++people;
      const [ann, ben, cat] = [`count-ann-${n}`, `count-ben-${n}`, `count-cat-${n}`];
      const bench = new GroupBench(open());
      const blocked = new Set<string>();
      const woken: string[] = [];
      const bus = createLocalBus();
      bus.subscribe((hint) => void ('userIds' in hint && woken.push(...hint.userIds)));
      const directory = { counts: (sender: string, reader: string) => !blocked.has(`${sender} ${reader}`) };
      const core = { store: bench.store, clock: systemClock, bus, directory, log: () => undefined } as unknown as Core;
      const say = async (me: string, ...entries: readonly { key: string }[]) => {
        const read = readEntries(me, entries);
        const wire = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
        const counting = await askCounting(core, me, wire);
        const rules: Rules = { mayWrite: () => true, counting, receipts: () => RECEIPTS_ON };
        return bench.store.tx('submit', (tx) => applyEntries(tx, { userId: me, deviceId: 'd' }, read, rules));
      };
      const rowsOf = async (me: string, cursor: string | null = null) => (await bench.pull(me, cursor)).flatMap((frame) => frame.rows);
      const unreadOf = async (me: string, name: string) => {
        const row = (await rowsOf(me)).find(({ conversationId }) => conversationId === name)!;
        return unreadAt(row, row.readUpTo).unreadCount;
      };
      const block = async (sender: string, reader: string, on = true) => {
        if (on) blocked.add(`${sender} ${reader}`);
        else blocked.delete(`${sender} ${reader}`);
        await countsChanged(core, reader);
      };
      return { ann, ben, cat, bench, core, blocked, woken, say, rowsOf, unreadOf, block, n };
    };

    it('the host is asked when a message comes: a message that does not count is stored, and in no count of that reader alone', async () => {
      const { ann, ben, cat, bench, blocked, say, unreadOf, rowsOf, n } = start();
      blocked.add(`${ben} ${ann}`);
      const group = `counting-${n}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member', [cat]: 'member' });
      await say(ben, messageTo(ann, `${ben}-1`), groupMessage(group, `${group}-1`));
      await say(cat, groupMessage(group, `${group}-2`));
      expect(await unreadOf(ann, `direct:${ben}`)).toBe(0);
      expect(await unreadOf(ann, `group:${group}`)).toBe(1);
      expect(await unreadOf(cat, `group:${group}`)).toBe(1);
      const direct = (await rowsOf(ann)).find(({ conversationId }) => conversationId === `direct:${ben}`);
      expect(direct).toMatchObject({ latestSeq: 1, uncounted: [[1, 1]], lastMessage: { id: `${ben}-1`, countable: true } });
      expect(await bench.store.read('totals', (tx) => unreadTotals(tx, [ann, cat], 100))).toEqual(
        new Map([
          [ann, 1],
          [cat, 1],
        ]),
      );
    });

    it('a message of a blocked sender takes no conversation out of the archive; a message that counts again does', async () => {
      const { ann, ben, cat, bench, blocked, say, rowsOf, block, n } = start();
      blocked.add(`${ben} ${ann}`);
      const group = `counting-${n}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member', [cat]: 'member' });
      const flag = { archived: { count: 1, value: true, at: 0 } };
      await bench.submit(ann, receiptsTo(ben, flag), groupReceipts(group, flag));
      await say(ben, messageTo(ann, `${ben}-1`), groupMessage(group, `${group}-1`));
      const reopened = async (): Promise<unknown> =>
        Object.fromEntries((await rowsOf(ann)).map(({ conversationId, reopenedBy }) => [conversationId.split(':')[0], reopenedBy]));
      expect(await reopened()).toEqual({ direct: 0, group: 0 });
      await say(cat, groupMessage(group, `${group}-2`));
      expect(await reopened()).toEqual({ direct: 0, group: 2 });
      await block(ben, ann, false);
      expect(await reopened()).toEqual({ direct: 1, group: 1 });
      await block(ben, ann);
      expect(await reopened()).toEqual({ direct: 0, group: 2 });
    });

    it('a block takes away what was counted, and its end brings it back, with a new version in the reader’s feed alone (F140)', async () => {
      const { ann, ben, cat, bench, say, unreadOf, rowsOf, block, woken, n } = start();
      const group = `counting-${n}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member', [cat]: 'member' });
      for (let i = 1; i <= 4; i++) await say(ben, messageTo(ann, `${ben}-${i}`), groupMessage(group, `${group}-${i}`));
      await bench.submit(ann, receiptsTo(ben, { position: 1 }));
      await say(cat, groupMessage(group, `${group}-5`));
      const cursor = await bench.cursor(ann);
      const others = await bench.cursor(cat);
      const blocked = await bench.cursor(ben);
      woken.length = 0;
      await block(ben, ann);
      expect(new Set(woken)).toEqual(new Set([ann]));
      expect(await rowsOf(ann, cursor)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ conversationId: `direct:${ben}`, readUpTo: 1, uncounted: [[2, 4]] }),
          expect.objectContaining({ conversationId: `group:${group}`, uncounted: [[1, 4]] }),
        ]),
      );
      expect(await rowsOf(cat, others)).toEqual([]);
      expect(await rowsOf(ben, blocked)).toEqual([]);
      expect(await unreadOf(cat, `group:${group}`)).toBe(4);
      const blockedAt = await bench.cursor(ann);
      await block(ben, ann);
      expect(await rowsOf(ann, blockedAt)).toEqual([]);
      await block(ben, ann, false);
      expect(await unreadOf(ann, `direct:${ben}`)).toBe(3);
      expect(await unreadOf(ann, `group:${group}`)).toBe(5);
      expect(await rowsOf(ann, blockedAt)).toHaveLength(2);
    });

    it('an answer that was overtaken writes nothing: the host is asked again', async () => {
      const { ann, ben, bench, core, blocked } = start();
      const read = readEntries(ben, [messageTo(ann, `${ben}-1`)]);
      const wire = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
      const counting = await askCounting(core, ben, wire);
      blocked.add(`${ben} ${ann}`);
      await countsChanged(core, ann);
      const rules: Rules = { mayWrite: () => true, counting, receipts: () => RECEIPTS_ON };
      const late = bench.store.tx('submit', (tx) => applyEntries(tx, { userId: ben, deviceId: 'd' }, read, rules));
      await expect(late).rejects.toBeInstanceOf(Overtaken);
      expect((await bench.pull(ann, null)).flatMap((frame) => frame.rows)).toEqual([]);
    });

    it('a new member of a group, for whom the host was not asked, makes the server ask again', async () => {
      const { ann, ben, cat, bench, core, n } = start();
      const group = `counting-${n}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member' });
      const read = readEntries(ben, [groupMessage(group, `${group}-1`)]);
      const wire = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
      const counting = await askCounting(core, ben, wire);
      await bench.members(group, { [cat]: 'member' });
      const rules: Rules = { mayWrite: () => true, counting, receipts: () => RECEIPTS_ON };
      await expect(bench.store.tx('submit', (tx) => applyEntries(tx, { userId: ben, deviceId: 'd' }, read, rules))).rejects.toBeInstanceOf(
        Overtaken,
      );
    });

    it('a host that fails changes nothing, and the call rejects with its error', async () => {
      const { ann, ben, say, unreadOf, core } = start();
      await say(ben, messageTo(ann, `${ben}-1`));
      const failing = { ...core, directory: { counts: () => Promise.reject(new Error('the host is silent')) } } as unknown as Core;
      await expect(countsChanged(failing, ann)).rejects.toThrow('the host is silent');
      expect(await unreadOf(ann, `direct:${ben}`)).toBe(1);
    });

    it('what is read, recalled or was before the join is not asked for', async () => {
      const { ann, ben, cat, bench, say, core, n } = start();
      const group = `counting-${n}`;
      await bench.members(group, { [ben]: 'member', [cat]: 'member' });
      await say(ben, groupMessage(group, `${group}-1`));
      await bench.members(group, { [ann]: 'member' });
      await say(cat, messageTo(ann, `${cat}-1`));
      await bench.submit(ann, receiptsTo(cat, { position: 1 }));
      const asked: string[] = [];
      await countsChanged({ ...core, directory: { counts: (sender: string) => (asked.push(sender), true) } }, ann);
      expect(asked).toEqual([]);
      await bench.submit(ann, receiptsTo(cat, { marked: { count: 1, value: true, at: 1, from: 1 } }));
      await countsChanged({ ...core, directory: { counts: (sender: string) => (asked.push(sender), true) } }, ann);
      expect(asked).toEqual([cat]);
    });
  });
};
