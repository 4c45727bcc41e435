import type { AddressInfo } from 'node:net';
import { quantile } from '../../bench/judge/arithmetic.ts';
import { balance } from '../../support/receipt-nodes.ts';
import type { Measured } from '../report/results.ts';
import { Verdict } from '../rig/judge.ts';
import { measured, pause } from '../rig/measure.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import { type Arrival, judgePeople, Person } from '../rig/soak-clients.ts';
import type { Scenario } from '../scenario.ts';

/** An hour in which a person writes once a minute, in a sixth of the time. */
const HASTE = 6;
const MINUTE_MS = 60_000;
const QUIET_WITHIN_MS = 60_000;
const SLICE_MS = 10_000;

type Mark = readonly [seconds: number, label: string];

/** The trouble of the hour: nodes die all the time, the bus once, the database once. */
const makeTrouble = async (rig: Rig, ms: number, isOver: () => boolean, mark: (label: string) => void): Promise<void> => {
  const since = performance.now();
  const passed = (): number => (performance.now() - since) / ms;
  const every = ms / 20;
  let hadBus = false;
  let hadDatabase = false;
  for (let n = 0; !isOver(); n++) {
    await pause(every);
    if (isOver()) return;
    if (passed() > 1 / 3 && !hadBus) {
      hadBus = true;
      mark('NATS away');
      await rig.bounceBus(every / 2);
    } else if (passed() > 2 / 3 && !hadDatabase) {
      hadDatabase = true;
      mark('database');
      rig.restartDatabase();
    } else {
      const node = rig.nodes[n % rig.nodes.length]!;
      mark('✕');
      await rig.kill(node);
      await pause(every / 5);
      await node.start();
    }
  }
};

const slices = (arrivals: readonly Arrival[], since: number, sliceMs: number, part: number): [number, number][] => {
  const by = new Map<number, number[]>();
  for (const { at, ms } of arrivals) {
    const slice = Math.floor((at - since) / sliceMs);
    by.set(slice, [...(by.get(slice) ?? []), ms]);
  }
  return [...by].sort(([a], [b]) => a - b).map(([slice, list]) => [(slice * sliceMs) / 1000, quantile(list, part)]);
};

const soaking = async (ground: Ground, isQuick: boolean): Promise<Measured> => {
  const rig = await Rig.start(ground, { nodes: 3, bus: 'nats' });
  const [count, ms, everyMs] = isQuick ? [20, 20_000, 1000] : [100, 10 * MINUTE_MS, MINUTE_MS / HASTE];
  const balancer = await balance(rig.nodes.map(({ port }) => port));
  const { port } = balancer.address() as AddressInfo;
  const due = new Map<string, number>();
  const people = Array.from({ length: count }, (_, i) => new Person(port, `p${i}`, `p${i % 2 === 0 ? i + 1 : i - 1}`, due));
  const marks: Mark[] = [];
  try {
    await Promise.all(people.map((person) => person.join()));
    let since = 0;
    const row = await measured(rig, async (end) => {
      since = performance.now();
      let isOver = false;
      const trouble = makeTrouble(
        rig,
        ms,
        () => isOver,
        (label) => marks.push([(performance.now() - since) / 1000, label]),
      );
      const writing = people.map((person) => person.write(everyMs));
      await pause(ms);
      isOver = true;
      for (const person of people) person.stop();
      await trouble;
      await Promise.all(writing);
      end();
      const allOf = (person: Person): number => person.sent.size + people.find(({ name }) => name === person.peer)!.sent.size;
      const isQuiet = (): boolean => people.every((person) => person.isDone(allOf(person)));
      for (let waited = 0; !isQuiet() && waited < QUIET_WITHIN_MS; waited += 100) await pause(100);
      const verdict = new Verdict();
      await judgePeople(port, people, verdict);
      const messages = people.reduce((sum, { sent }) => sum + sent.size, 0);
      const receipts = people.reduce((sum, person) => sum + person.receipts, 0);
      return {
        what: `${count} people, three servers, ${marks.length} troubles`,
        count: messages + receipts,
        told: people.flatMap(({ arrivals }) => arrivals.map((one) => one.ms)),
        failures: [...people.flatMap(({ failures }) => failures).slice(0, 3), ...verdict.failures],
        judged: `${messages} messages, each once, all read; every device agrees with the server`,
      };
    });
    const arrivals = people.flatMap((person) => person.arrivals);
    const sliceMs = isQuick ? SLICE_MS / 5 : SLICE_MS;
    return {
      rows: [row],
      plot: {
        kind: 'lines',
        isLog: 'y',
        title: 'An hour of chat in ten minutes, while servers die',
        note: `Until the other person has a message, each ${sliceMs / 1000} s; ✕: a server is killed. The y axis is logarithmic; lower is better.`,
        x: 'seconds',
        y: 'ms',
        lines: [
          { name: 'p50', points: slices(arrivals, since, sliceMs, 0.5) },
          { name: 'p99', points: slices(arrivals, since, sliceMs, 0.99) },
        ],
        marks,
      },
    };
  } finally {
    for (const person of people) person.client.close();
    balancer.close();
    await rig.stop();
  }
};

export const soak: Scenario = {
  id: 'soak',
  title: 'An hour of chat in ten minutes, while servers die',
  about:
    'Three servers over NATS behind one address. 100 people write six times as fast as once a minute and read everything. One server after ' +
    'the other is killed and comes back; NATS is away once; the database restarts once. *Told* is the time until the other person has a message.',
  isLong: true,
  run: soaking,
};
