import type { Measured, Row } from '../report/results.ts';
import { directReceipts } from '../rig/direct-receipts.ts';
import { type BusKind, type Ground, Rig } from '../rig/rig.ts';
import type { Scenario } from '../scenario.ts';

const KINDS: readonly (readonly [what: string, nodes: number, bus: BusKind])[] = [
  ['one server', 1, 'none'],
  ['three over NATS', 3, 'nats'],
  ['three over LISTEN and NOTIFY', 3, 'postgres'],
];

export const nodes: Scenario = {
  id: 'nodes',
  title: 'Three servers on one machine',
  about:
    'The same receipts as above, at 500 a second. With three servers the reader and the sender are always clients of different servers, so ' +
    'each hint crosses the bus. All servers share the cores of one machine: this measures what several servers cost, not what they add.',
  run: async (ground: Ground, isQuick: boolean): Promise<Measured> => {
    const [pairs, seconds, rate] = isQuick ? [20, 2, 20] : [300, 10, 500];
    const rows: Row[] = [];
    for (const [what, count, bus] of KINDS) {
      const rig = await Rig.start(ground, { nodes: count, bus });
      try {
        await directReceipts(rig, { what: 'warming up', pairs, seconds: 2, rate: rate / 2, isTold: true });
        rows.push(await directReceipts(rig, { what, pairs, seconds, rate, isTold: true }));
      } finally {
        await rig.stop();
      }
    }
    return {
      rows,
      reference: KINDS[0]![0],
      plot: {
        kind: 'bars',
        title: 'One server and three: until the sender is told of a receipt',
        note: `${rate.toLocaleString('en')} receipts a second; p50 from the moment at which a receipt is due. Shorter is better.`,
        unit: 'ms',
        bars: rows.flatMap(({ what, told }) => (told ? [{ name: what, value: told.p50, note: `(p99 ${told.p99.toFixed(0)} ms)` }] : [])),
      },
    };
  },
};
