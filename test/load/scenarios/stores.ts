import type { Measured, Row } from '../report/results.ts';
import { directReceipts } from '../rig/direct-receipts.ts';
import { type Ground, Rig, type StoreKind } from '../rig/rig.ts';
import type { Scenario } from '../scenario.ts';

const KINDS: readonly (readonly [what: string, store: StoreKind])[] = [
  ['PostgreSQL', 'postgres'],
  ['PGlite', 'pglite'],
  ['memory', 'memory'],
];

export const stores: Scenario = {
  id: 'stores',
  title: 'The three stores',
  about:
    '100 readers send as fast as they are answered; the senders are away. PGlite runs within the server, so its work is in the CPU of the ' +
    'servers. The store in memory writes nothing to a disk.',
  run: async (ground: Ground, isQuick: boolean): Promise<Measured> => {
    const [pairs, seconds] = isQuick ? [10, 1] : [100, 4];
    const rows: Row[] = [];
    for (const [what, store] of KINDS) {
      const rig = await Rig.start(ground, { store });
      try {
        rows.push(await directReceipts(rig, { what, pairs, seconds, rate: 'most', isTold: false }));
      } finally {
        await rig.stop();
      }
    }
    return {
      rows,
      reference: KINDS[0]![0],
      plot: {
        kind: 'bars',
        title: 'Receipts a second on the three stores',
        note: '100 readers, one receipt in a frame, the next one after the answer. Longer is better.',
        unit: 'a second',
        bars: rows.map(({ what, perSecond }) => ({ name: what, value: perSecond })),
      },
    };
  },
};
