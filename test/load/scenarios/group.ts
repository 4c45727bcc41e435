import type { Frame } from '../../../src/protocol/frames.ts';
import type { Measured } from '../report/results.ts';
import { makeGroup, messageIn, receiptFor } from '../rig/frames.ts';
import { snapshots, unreadOf, Verdict } from '../rig/judge.ts';
import { measured, pause } from '../rig/measure.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import { closeAll, failuresOf, LoadSocket, openAll } from '../rig/socket.ts';
import type { Scenario } from '../scenario.ts';

const GROUP = 'group:team';
const TOLD_WITHIN_MS = 20_000;

/** What the sender's device has heard of one message. */
interface Heard {
  readonly readers: string[];
  readCount: number;
}

const reading = async (ground: Ground, isQuick: boolean): Promise<Measured> => {
  const rig = await Rig.start(ground);
  const [size, rounds] = isQuick ? [20, 3] : [200, 15];
  const members = Array.from({ length: size }, (_, i) => `g${i}`);
  const heard = new Map<number, Heard>();
  const hear = ({ receipts = [] }: Frame<'changes'>): void => {
    for (const { seq, readCount, readers = [] } of receipts) {
      const one = heard.get(seq) ?? { readers: [], readCount: 0 };
      heard.set(seq, one);
      one.readers.push(...readers.map(({ by }) => by));
      one.readCount = Math.max(one.readCount, readCount);
    }
  };
  try {
    await makeGroup(rig.port, 'team', members);
    const sockets = members.map((user, i) => new LoadSocket(rig.port, user, i === 0 ? hear : undefined));
    await openAll(sockets, true);
    const answers: number[] = [];
    const told: number[] = [];
    const verdict = new Verdict();
    const row = await measured(rig, async (end) => {
      for (let seq = 1; seq <= rounds; seq++) {
        const [sent] = await sockets[0]!.submit([messageIn(GROUP)]);
        verdict.expect('messages', `message ${seq}`, sent?.outcome === 'confirmed' && sent.message?.seq, seq);
        const since = performance.now();
        await Promise.all(
          sockets.slice(1).map(async (socket) => {
            const [result] = await socket.submit([receiptFor(GROUP, seq)]);
            verdict.expect('answers', `${socket.userId}, ${seq}`, result?.outcome, 'confirmed');
            answers.push(performance.now() - since);
          }),
        );
        while ((heard.get(seq)?.readCount ?? 0) < size - 1 && performance.now() - since < TOLD_WITHIN_MS) await pause(2);
        told.push(performance.now() - since);
      }
      end();
      const rows = await snapshots(rig.port, members);
      for (const user of members.slice(1)) {
        const mine = rows.get(user)?.get(GROUP);
        verdict.expect('positions', user, mine?.readUpTo, rounds);
        verdict.expect('unread counts', user, unreadOf(mine), 0);
        verdict.expect('receipts', user, mine?.mine.named, [[1, rounds]]);
      }
      for (let seq = 1; seq <= rounds; seq++) {
        verdict.expect('counts at the sender', `message ${seq}`, heard.get(seq)?.readCount, size - 1);
        verdict.expect('readers named once', `message ${seq}`, [...(heard.get(seq)?.readers ?? [])].sort(), members.slice(1).sort());
      }
      return {
        what: `${size} members, ${rounds} messages`,
        count: answers.length,
        answers,
        told,
        failures: [...failuresOf(sockets), ...verdict.failures],
        judged: `${answers.length} receipts: position, unread count, count at the sender, each reader named once`,
      };
    });
    closeAll(sockets);
    return {
      rows: [row],
      plot: {
        kind: 'lines',
        title: 'A group reads at once: until the sender knows every reader',
        note: `${size - 1} members read a message in the same moment, ${rounds} times. Lower is better.`,
        x: 'message',
        y: 'ms',
        lines: [{ name: 'sender told of all', points: told.map((ms, i): [number, number] => [i + 1, ms]) }],
      },
    };
  } finally {
    await rig.stop();
  }
};

export const group: Scenario = {
  id: 'group',
  title: 'A group of 200 reads at once',
  about:
    'One member sends a message, and all others read it in the same moment, each in a frame of its own. *Told* is the time until the device of ' +
    'the sender knows all readers.',
  run: reading,
};
