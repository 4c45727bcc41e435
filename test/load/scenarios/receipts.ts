import type { Measured, Row } from '../report/results.ts';
import { directReceipts } from '../rig/direct-receipts.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import type { Scenario } from '../scenario.ts';

/** The goal is 2,000 a second with p99 ≤ 50 ms. */
const RATES = [250, 500, 1000, 2000, 3000];
const GOAL = 2000;
/** Below this part of the rate the server is behind, and higher rates tell nothing more. */
const KEPT_UP = 0.9;

export const receipts: Scenario = {
  id: 'receipts',
  title: 'Receipts on one server',
  about:
    '500 readers on live sockets read messages one by one, at a fixed rate. In the first rows the 500 senders are live too, and each is told ' +
    'of each receipt, up to the rate at which the server falls behind. Then the senders are away. At last 200 readers send as fast as they ' +
    'are answered.',
  run: async (ground: Ground, isQuick: boolean): Promise<Measured> => {
    const rig = await Rig.start(ground);
    const [pairs, seconds] = isQuick ? [20, 2] : [500, 8];
    const scaled = (rate: number): number => (isQuick ? rate / 20 : rate);
    try {
      // The first receipts of a fresh process are slow, and no server is fresh for long.
      await directReceipts(rig, { what: 'warming up', pairs, seconds: seconds / 2, rate: scaled(500), isTold: true });
      const told: Row[] = [];
      for (const rate of RATES) {
        const what = `${scaled(rate).toLocaleString('en')}/s, senders live`;
        const row = await directReceipts(rig, { what, pairs, seconds, rate: scaled(rate), isTold: true });
        told.push(row);
        if (row.perSecond < KEPT_UP * scaled(rate)) break;
      }
      const away = await directReceipts(rig, {
        what: `${scaled(GOAL).toLocaleString('en')}/s, senders away`,
        pairs,
        seconds,
        rate: scaled(GOAL),
        isTold: false,
      });
      const most = await directReceipts(rig, {
        what: 'as fast as answered, senders away',
        pairs: isQuick ? 20 : 200,
        seconds,
        rate: 'most',
        isTold: false,
      });
      const points = (of: (row: Row) => number | undefined): [number, number][] =>
        told.flatMap((row): [number, number][] => {
          const value = of(row);
          return value === undefined ? [] : [[row.perSecond, value]];
        });
      return {
        rows: [...told, away, most],
        plot: {
          kind: 'lines',
          isLog: 'both',
          title: 'Receipts on one server: time by rate',
          note: 'From the moment at which a receipt is due; senders live. Both axes logarithmic; lower is better.',
          x: 'receipts a second',
          y: 'ms',
          lines: [
            { name: 'answer, p50', points: points(({ answer }) => answer?.p50) },
            { name: 'answer, p99', points: points(({ answer }) => answer?.p99) },
            { name: 'sender told, p50', points: points((row) => row.told?.p50) },
            { name: 'sender told, p99', points: points((row) => row.told?.p99) },
          ],
        },
      };
    } finally {
      await rig.stop();
    }
  },
};
