/** Flags of conversations that have no message yet, over every server store. */
import { describe, expect, it } from 'vitest';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let people = 0;

const muted = (peer: string, count = 1, value = true) => receiptsTo(peer, { muted: { count, value } });
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
  });
};
