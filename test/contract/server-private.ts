/** What the peer of a direct chat hears of a user's private actions: nothing, over every server store. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/server/core.ts';
import { deleteUser } from '../../src/server/history/delete-user.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { GroupBench } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

const ACTIONS: Readonly<Record<string, object>> = {
  'a position': { position: 2 },
  'a clear of single messages': { cleared: [[1, 1]] },
  'a mute': { muted: { count: 1, value: true } },
  'a mark': { marked: { count: 1, value: true, at: 3 } },
  'an archive': { archived: { count: 1, value: true, at: 3 } },
  'messages that no receipt may name': { untold: [[1, 2]] },
  'all of them at once': { position: 2, cleared: [[3, 3]], muted: { count: 1, value: true }, untold: [[1, 1]] },
};

export const describePrivate = (open: () => ServerStore): void => {
  describe('private actions in a direct chat', () => {
    const start = async () => {
      const n = ++people;
      const [ann, ben] = [`private-ann-${n}`, `private-ben-${n}`];
      const bench = new GroupBench(open());
      await bench.submit(ann, ...[1, 2, 3].map((i) => messageTo(ben, `${ann}-${i}`)));
      const cursorOf = async (me: string) => (await bench.pull(me, null)).at(-1)!.to;
      const rowsOf = async (me: string, cursor: string | null) => (await bench.pull(me, cursor)).flatMap((frame) => frame.rows);
      return { bench, ann, ben, cursorOf, rowsOf };
    };

    it.each(Object.entries(ACTIONS))(
      '%s wakes and reaches the user’s own devices alone, and the peer’s row keeps its version (F140)',
      async (_name, registers) => {
        const { bench, ann, ben, cursorOf, rowsOf } = await start();
        const [before] = await rowsOf(ann, null);
        const [annAt, benAt] = [await cursorOf(ann), await cursorOf(ben)];
        const { hints } = await bench.frame(ben, receiptsTo(ann, registers));
        expect(hints).toEqual([{ kind: 'changes', userIds: [ben] }]);
        expect(await rowsOf(ann, annAt)).toEqual([]);
        expect(await rowsOf(ann, null)).toEqual([before]);
        expect(await rowsOf(ben, benAt)).toMatchObject([{ conversationId: `direct:${ann}` }]);
      },
    );

    it('receipts that the account’s switch holds back tell the peer nothing either (F140)', async () => {
      const { bench, ann, ben, cursorOf, rowsOf } = await start();
      await bench.submit(ben, { kind: 'settings', key: 'off', readReceipts: { count: 1, value: false } } as { key: string });
      const annAt = await cursorOf(ann);
      const { hints } = await bench.frame(ben, receiptsTo(ann, { position: 3, read: [[1, 3]] }));
      expect(hints).toEqual([{ kind: 'changes', userIds: [ben] }]);
      expect(await rowsOf(ann, annAt)).toEqual([]);
    });

    it('a receipt beside private registers reaches both users, and the next private action the user alone (F140)', async () => {
      const { bench, ann, ben, cursorOf, rowsOf } = await start();
      const both = await bench.frame(ben, receiptsTo(ann, { position: 2, delivered: [[1, 3]] }));
      expect(new Set(both.hints[0]?.userIds)).toEqual(new Set([ann, ben]));
      const at = await cursorOf(ann);
      expect(await rowsOf(ann, null)).toMatchObject([{ theirs: { delivered: [[1, 3]] }, readUpTo: 0 }]);
      await bench.submit(ben, receiptsTo(ann, { position: 3 }));
      expect(await rowsOf(ann, at)).toEqual([]);
      // The next message reaches the peer at its own version, above the private one.
      await bench.submit(ben, messageTo(ann, `${ben}-1`));
      expect(await rowsOf(ann, at)).toMatchObject([{ latestSeq: 4 }]);
    });

    it('a deleted user’s private registers end without a word to the peer (F140)', async () => {
      const { bench, ann, ben, cursorOf, rowsOf } = await start();
      await bench.submit(ben, receiptsTo(ann, { position: 1, muted: { count: 1, value: true } }));
      const at = await cursorOf(ann);
      const woken: string[] = [];
      const bus = { publish: (hint: { userIds?: readonly string[] }) => woken.push(...(hint.userIds ?? [])) };
      const core = { store: bench.store, clock: systemClock, bus, policy: () => DEFAULT_POLICY } as unknown as Core;
      await deleteUser(core, ben, async () => undefined);
      expect(woken).not.toContain(ann);
      expect(await rowsOf(ann, at)).toEqual([]);
    });
  });
};
