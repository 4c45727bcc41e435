import { expect, it } from 'vitest';
import { WakeUps } from '../../../src/server/connection/wake-ups.ts';
import { Connections } from '../../../src/server/connections.ts';
import { TestClock } from '../../support/test-clock.ts';

it('connections whose clients began together pull what answers told them at moments of their own, once in five seconds', async () => {
  const clock = new TestClock();
  const connections = new Connections();
  const pulls: number[] = [];
  const all = Array.from({ length: 100 }, () => {
    connections.newId();
    return new WakeUps(clock, connections.newPhase(), (begun) => {
      pulls.push(clock.mono());
      begun();
    });
  });
  for (const round of [0, 1]) {
    for (const one of all) one.wakeForTold();
    await clock.pass(5000);
    expect(pulls).toHaveLength(100 * (round + 1));
  }
  for (let from = 0; from < 10_000; from += 500)
    expect(pulls.filter((at) => at > from && at <= from + 500).length, `after ${from} ms`).toBeLessThanOrEqual(12);
});
