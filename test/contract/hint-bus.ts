/** The contract of every bus: what the servers of one store learn from each other. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Hint, HintBus } from '../../src/server/bus/bus.ts';
import type { Log } from '../../src/logging.ts';
import type { CuttableLine } from '../support/cuttable-line.ts';

export interface Line {
  /** A bus at one more server of the same store, and the line of this server alone; absent if it cannot break. */
  open(log: Log): Promise<{ readonly bus: HintBus; readonly own?: Pick<CuttableLine, 'cut' | 'restore'> }>;
  /** Ends the process between the servers. */
  readonly stop?: () => Promise<void>;
  readonly start?: () => Promise<void>;
  /** Ends the line. */
  end(): Promise<void>;
}

const WITHIN = { timeout: 15_000, interval: 10 };

export const describeHintBus = (name: string, startLine: () => Promise<Line>, breaks: boolean): void => {
  describe(`the contract of a bus: ${name}`, () => {
    let line: Line;
    let opened: HintBus[] = [];
    beforeAll(async () => {
      line = await startLine();
    }, 120_000);
    afterEach(async () => {
      for (const bus of opened) await bus.close?.();
      opened = [];
    });
    afterAll(() => line.end());

    const node = async () => {
      const events: string[] = [];
      const { bus, own } = await line.open((_level, event) => void events.push(event));
      const heard: Hint[] = [];
      bus.subscribe((hint) => heard.push(hint));
      opened.push(bus);
      return { bus, own, heard, events, users: () => heard.flatMap((hint) => (hint.kind === 'changes' ? hint.userIds : [])) };
    };
    /** Two nodes that hear each other. */
    const pair = async (...watched: string[]) => {
      const nodes = [await node(), await node()] as const;
      for (const { bus } of nodes) for (const userId of [...watched, 'probe-0', 'probe-1']) bus.watch?.(userId);
      for (const [i, { bus }] of nodes.entries())
        await vi.waitFor(() => {
          bus.publish({ kind: 'changes', userIds: [`probe-${i}`] });
          expect(nodes[1 - i]!.users()).toContain(`probe-${i}`);
        }, WITHIN);
      await pause(100);
      for (const { heard } of nodes) heard.length = 0;
      return nodes;
    };

    it('a server measures how long its own hint takes through the bus and back', { timeout: 60_000 }, async () => {
      const [{ bus, heard }] = await pair('ann');
      const lags: number[] = [];
      if (!bus.measure) return void expect(bus.isLocal).toBe(true);
      bus.measure((ms) => lags.push(ms));
      bus.publish({ kind: 'changes', userIds: ['ann'] });
      await vi.waitFor(() => expect(lags).toHaveLength(1), WITHIN);
      expect(lags[0]).toBeGreaterThanOrEqual(-1); // the time in the text is rounded
      expect(lags[0]).toBeLessThan(15_000);
      expect(heard).toEqual([{ kind: 'changes', userIds: ['ann'] }]);
    });

    it('a hint of each kind reaches its own server at once, and every other server', { timeout: 60_000 }, async () => {
      const [one, two] = await pair('ann', 'ben');
      const hints: Hint[] = [
        { kind: 'changes', userIds: ['ann'] },
        { kind: 'receipts', userIds: ['ben'] },
        { kind: 'revoke', userIds: ['ann'] },
        { kind: 'members', groupIds: ['team'] },
        { kind: 'spent', userId: 'ben', cost: 2.5 },
        { kind: 'notices' },
        { kind: 'gap' },
      ];
      for (const hint of hints) one.bus.publish(hint);
      expect(one.heard).toEqual(hints);
      await vi.waitFor(() => expect(two.heard).toHaveLength(hints.length), WITHIN);
      expect(two.heard).toEqual(expect.arrayContaining(hints));
      await pause(100);
      expect(one.heard).toHaveLength(hints.length);
    });

    it('a hint with many long ids arrives whole', { timeout: 60_000 }, async () => {
      const users = Array.from({ length: 500 }, (_, i) => `${'ü'.repeat(50)}"${i}`);
      const [one, two] = await pair(...users);
      await vi.waitFor(() => {
        one.bus.publish({ kind: 'changes', userIds: users });
        expect(new Set(two.users())).toEqual(new Set(users));
      }, WITHIN);
    });

    it('a listener that has left hears no more', async () => {
      const [one] = await pair();
      const heard: Hint[] = [];
      const leave = one.bus.subscribe((hint) => heard.push(hint));
      leave();
      one.bus.publish({ kind: 'notices' });
      expect(heard).toEqual([]);
    });

    it('a user who connects to a server hears of what was written before the server listened for them', { timeout: 60_000 }, async () => {
      const [one, two] = await pair();
      if (!two.bus.watch) return;
      one.bus.publish({ kind: 'changes', userIds: ['late'] });
      two.bus.watch('late');
      await vi.waitFor(() => expect(two.users()).toContain('late'), WITHIN);
    });

    if (breaks) {
      it(
        'a server that was cut off learns of the gap, and the others learn which users it changed (F70)',
        { timeout: 60_000 },
        async () => {
          const [one, two] = await pair('ann', 'ben');
          one.own!.cut();
          await pause(300);
          one.bus.publish({ kind: 'changes', userIds: ['ann'] });
          two.bus.publish({ kind: 'changes', userIds: ['ben'] });
          await pause(300);
          expect([one.users(), two.users()]).toEqual([['ann'], ['ben']]);
          one.own!.restore();
          await vi.waitFor(() => expect(two.users()).toContain('ann'), WITHIN);
          await vi.waitFor(() => expect(one.heard).toContainEqual({ kind: 'gap' }), WITHIN);
          expect(two.heard).not.toContainEqual({ kind: 'gap' });
          expect(one.events).toEqual(['bus-away', 'bus-back']);
        },
      );

      it('after an outage for all, every server learns of the gap (F70)', { timeout: 60_000 }, async () => {
        const [one, two] = await pair('ann');
        await line.stop!();
        await pause(200);
        one.bus.publish({ kind: 'changes', userIds: ['ann'] });
        await line.start!();
        for (const { heard } of [one, two]) await vi.waitFor(() => expect(heard).toContainEqual({ kind: 'gap' }), WITHIN);
        two.heard.length = 0;
        one.bus.publish({ kind: 'changes', userIds: ['ann'] });
        await vi.waitFor(() => expect(two.users()).toContain('ann'), WITHIN);
      });

      it('a server that starts during an outage hears the others afterwards (F70)', { timeout: 60_000 }, async () => {
        const first = await node();
        first.bus.watch?.('ann');
        await line.stop!();
        const late = await node();
        late.bus.watch?.('ann');
        await pause(200);
        await line.start!();
        await vi.waitFor(() => {
          first.bus.publish({ kind: 'changes', userIds: ['ann'] });
          expect(late.users()).toContain('ann');
          expect(late.heard).toContainEqual({ kind: 'gap' });
        }, WITHIN);
      });
    }
  });
};
