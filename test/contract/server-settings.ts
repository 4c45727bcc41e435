/** The account's receipt settings, and messages forbidden to all receipts, over every server store. */
import { describe, expect, it } from 'vitest';
import type { Ranges } from '../../src/model/registers/ranges.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;
let keys = 0;

const settings = (flags: { readReceipts?: [number, boolean]; deliveryReceipts?: [number, boolean] }) => ({
  kind: 'settings',
  key: `s${++keys}`,
  ...Object.fromEntries(Object.entries(flags).map(([name, [count, value]]) => [name, { count, value }])),
});
const reads = (count: number, value: boolean) => settings({ readReceipts: [count, value] });
const seen = (readReceipts: number, deliveryReceipts = 0) => ({ settingsSeen: { readReceipts, deliveryReceipts } });

export const describeSettings = (open: () => ServerStore): void => {
  describe('the receipt settings of an account', () => {
    const start = async (messages = 10) => {
      const n = ++people;
      const bench = new GroupBench(open());
      const [ann, ben] = [`set-ann-${n}`, `set-ben-${n}`];
      for (let i = 1; i <= messages; i++) await bench.submit(ben, messageTo(ann, `${ben}-${i}`));
      const cursor = await bench.cursor(ann);
      /** Submits registers of the chat with ben under a known cursor, and returns the result. */
      const says = async (registers: object) => (await bench.submit(ann, receiptsTo(ben, registers, cursor)))[0]!;
      const rowOf = async (me: string) => (await bench.pull(me, null)).flatMap(({ rows }) => rows)[0]!;
      const told = async (): Promise<{ read: Ranges; named: Ranges; delivered: Ranges }> => (await rowOf(ben)).theirs;
      const accounts = async (me: string, after: string | null) => (await bench.pull(me, after)).flatMap(({ account }) => account ?? []);
      return { bench, ann, ben, cursor, says, told, rowOf, accounts };
    };
    const NOTHING = { read: [], named: [], delivered: [] };

    it('a change reaches the account’s own devices, from a cursor and in a snapshot, and no other user (F130)', async () => {
      const { bench, ann, ben, cursor, accounts } = await start();
      const bens = await bench.cursor(ben);
      expect(await accounts(ann, null)).toEqual([]);
      const { results, hints, at } = await bench.frame(ann, reads(1, false));
      const account = { readReceipts: { count: 1, value: false }, deliveryReceipts: { count: 0, value: true } };
      expect(results).toMatchObject([{ outcome: 'confirmed', row: null, account }]);
      expect(hints).toEqual([{ kind: 'changes', userIds: [ann] }]);
      expect(at).toBeDefined();
      expect(await accounts(ann, cursor)).toMatchObject([account]);
      expect(await accounts(ann, null)).toMatchObject([account]);
      expect(await accounts(ann, await bench.cursor(ann))).toEqual([]);
      expect([...(await accounts(ben, null)), ...(await accounts(ben, bens))]).toEqual([]);
    });

    it('the highest count wins, a tie goes to "off", and a repetition changes nothing (F130)', async () => {
      const { bench, ann, accounts } = await start(0);
      await bench.submit(ann, settings({ readReceipts: [3, true], deliveryReceipts: [1, false] }));
      await bench.submit(ann, reads(3, false));
      await bench.submit(ann, settings({ readReceipts: [2, true], deliveryReceipts: [1, true] }));
      const [account] = await accounts(ann, null);
      expect(account).toMatchObject({ readReceipts: { count: 3, value: false }, deliveryReceipts: { count: 1, value: false } });
      const { hints } = await bench.frame(ann, reads(3, false));
      expect(hints).toEqual([]);
      expect(await accounts(ann, null)).toEqual([account]);
    });

    it('while they are off, no receipt of any device takes effect, and the position does (F130)', async () => {
      const { bench, ann, ben, says, told, rowOf } = await start();
      await bench.submit(ann, settings({ readReceipts: [1, false], deliveryReceipts: [1, false] }));
      const result = await says({
        position: 6,
        read: [[1, 6]],
        named: [[2, 2]],
        namedIds: [`${ben}-3`],
        delivered: [[1, 10]],
        ...seen(1, 1),
      });
      expect(result).toMatchObject({ outcome: 'confirmed', withheld: true, row: { readUpTo: 6, untold: [[1, 6]], mine: NOTHING } });
      expect(await told()).toEqual(NOTHING);
      expect((await rowOf(ben)).untold).toEqual([]);
    });

    it('what was read while they were off is told by no later receipt, of any kind and from any device (F130)', async () => {
      const { bench, ann, ben, says, told } = await start();
      await says({ position: 3 });
      await bench.submit(ann, reads(1, false));
      await says({ position: 6, untold: [[4, 6]], ...seen(1) });
      await bench.submit(ann, reads(2, true));
      expect(await says({ position: 8, read: [[1, 8]], named: [[5, 5]], namedIds: [`${ben}-6`], ...seen(2) })).toMatchObject({
        outcome: 'confirmed',
        withheld: true,
        row: {
          mine: {
            read: [
              [1, 3],
              [7, 8],
            ],
            named: [],
          },
        },
      });
      expect(await told()).toMatchObject({
        read: [
          [1, 3],
          [7, 8],
        ],
        named: [],
      });
    });

    it('a device whose own setting was off names what it read, and the receipts of other devices leave that out (F130)', async () => {
      const { says, told } = await start();
      expect(await says({ position: 5, untold: [[1, 5]] })).toMatchObject({ row: { readUpTo: 5, untold: [[1, 5]] } });
      await says({
        position: 7,
        read: [[1, 7]],
        named: [
          [4, 4],
          [7, 7],
        ],
      });
      expect(await told()).toMatchObject({ read: [[6, 7]], named: [[7, 7]] });
    });

    it('a receipt that the server has stays: what it learned first, it knows (F130)', async () => {
      const { says, told } = await start();
      await says({ position: 5, read: [[1, 5]] });
      await says({ untold: [[3, 5]] });
      expect(await told()).toMatchObject({ read: [[1, 5]] });
    });

    it('a device that missed a switch tells nothing of what it read meanwhile (F130)', async () => {
      const { bench, ann, says, told, rowOf } = await start();
      await bench.submit(ann, reads(1, false));
      await bench.submit(ann, reads(2, true));
      expect(await says({ position: 6, read: [[1, 6]] })).toMatchObject({ withheld: true, row: { readUpTo: 6, untold: [[1, 6]] } });
      await says({ position: 8, ...seen(0) });
      expect(await told()).toEqual(NOTHING);
      expect((await rowOf(ann)).untold).toEqual([[1, 8]]);
      await says({ position: 10, read: [[1, 10]], ...seen(2) });
      expect(await told()).toMatchObject({ read: [[9, 10]] });
    });

    it('an entry that knows a newer switch than the server takes effect, and so does one from before its device’s first snapshot (F130)', async () => {
      const { bench, ann, ben, says, told } = await start();
      await bench.submit(ann, reads(1, false));
      await says({ named: [[4, 4]], ...seen(2) });
      expect(await told()).toMatchObject({ named: [[4, 4]] });
      await bench.submit(ann, reads(2, true));
      await bench.submit(ann, receiptsTo(ben, { namedIds: [`${ben}-9`] }));
      expect(await told()).toMatchObject({
        named: [
          [4, 4],
          [9, 9],
        ],
      });
    });

    it('a switch counts for the entries behind it in the same frame (F130)', async () => {
      const { bench, ann, ben, cursor, told } = await start();
      await bench.submit(
        ann,
        receiptsTo(ben, { named: [[1, 1]] }, cursor),
        reads(1, false),
        receiptsTo(ben, { named: [[2, 2]], ...seen(1) }, cursor),
        reads(2, true),
        receiptsTo(ben, { named: [[2, 3]], ...seen(2) }, cursor),
      );
      expect(await told()).toMatchObject({
        named: [
          [1, 1],
          [3, 3],
        ],
      });
    });

    it('members’ receipts in groups obey the settings too (F130)', async () => {
      const { bench, ann, ben } = await start(0);
      const group = `set-${people}`;
      await bench.members(group, { [ann]: 'member', [ben]: 'member' });
      for (let i = 1; i <= 4; i++) await bench.submit(ben, groupMessage(group, `${group}-${i}`));
      const cursor = await bench.cursor(ann);
      await bench.submit(ann, reads(1, false));
      await bench.submit(ann, groupReceipts(group, { position: 2, named: [[1, 2]], ...seen(1) }, cursor));
      await bench.submit(ann, reads(2, true));
      const [result] = await bench.submit(ann, groupReceipts(group, { named: [[1, 3]], ...seen(2) }, cursor));
      expect(result).toMatchObject({ withheld: true, row: { untold: [[1, 2]], mine: { named: [[3, 3]] } } });
      expect((await bench.fetch(ben, group)).map(({ seq, receipt }) => [seq, receipt?.readCount])).toEqual([
        [4, 0],
        [3, 1],
        [2, 0],
        [1, 0],
      ]);
    });

    it('very many pieces are joined, the oldest first (F130)', async () => {
      const { bench, says, rowOf, ann } = await start(0);
      const ben = `set-ben-${people}`;
      for (let n = 0; n < 3; n++)
        await bench.submit(ben, ...Array.from({ length: 200 }, (_, i) => messageTo(ann, `${ben}-${n * 200 + i}`)));
      const pieces = Array.from({ length: 300 }, (_, i): [number, number] => [2 * i + 1, 2 * i + 1]);
      await says({ untold: pieces });
      const { untold } = await rowOf(ann);
      expect(untold).toHaveLength(256);
      expect(untold[0]).toEqual([1, 89]);
      expect(untold.at(-1)).toEqual([599, 599]);
    });
  });
};
