import { readFileSync } from 'node:fs';
import type { Measured, Row } from '../report/results.ts';
import { fillChats } from '../rig/fill.ts';
import { messageTo } from '../rig/frames.ts';
import { snapshots, unreadOf, Verdict } from '../rig/judge.ts';
import { measured, paced, pause } from '../rig/measure.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import { closeAll, failuresOf, LoadSocket, openAll } from '../rig/socket.ts';
import type { Scenario } from '../scenario.ts';

const HEARTBEAT_S = 25;
const BEATS_A_SECOND = 10;
const STEPS = 4;
const SETTLE_MS = 2000;
/** Files that a process has open beside its sockets. */
const SPARE = 200;

/** Node raises its own limit to the hard one. @throws {Error} with the way out. */
const requireFiles = (count: number): void => {
  const hard = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '0';
  if (hard !== 'unlimited' && Number(hard) < count + SPARE)
    throw new Error(`${count} sockets need as many open files in each process, and the hard limit is ${hard}: ulimit -Hn ${count + SPARE}`);
};

const many = async (ground: Ground, isQuick: boolean): Promise<Measured> => {
  const [count, idleSeconds, seconds, rate] = isQuick ? [200, 2, 2, 20] : [10_000, HEARTBEAT_S, 10, 100];
  requireFiles(count);
  const rig = await Rig.start(ground);
  const users = Array.from({ length: count }, (_, i) => `u${i}`);
  const peerOf = (i: number): number => (i % 2 === 0 ? i + 1 : i - 1);
  try {
    await fillChats(
      rig.pool!,
      users.flatMap((from, i) => (i % 2 === 0 ? [{ from, to: users[i + 1]!, messages: 1 }] : [])),
    );
    /** When a message was due, and how many times its reader was told. */
    const sent = new Map<string, { readonly due: number; told: number }>();
    const told: number[] = [];
    const sockets = users.map(
      (user) =>
        new LoadSocket(rig.port, user, ({ messages }) => {
          for (const { messages: list } of messages)
            for (const { id, senderId } of list) {
              const one = sent.get(id);
              if (!one || senderId === user) continue;
              one.told++;
              told.push(performance.now() - one.due);
            }
        }),
    );
    /** Every open socket sends a heartbeat all the time: the server closes a silent one. */
    let isOpen = 0;
    let beats = 0;
    let next = 0;
    const beating = setInterval(() => {
      for (let n = 0; n < count / HEARTBEAT_S / BEATS_A_SECOND; n++) if (isOpen > 0) sockets[next++ % isOpen]!.ping();
      beats++;
    }, 1000 / BEATS_A_SECOND);
    const memory: [number, number][] = [[0, rig.rssKib / 1024]];
    const perSocket = (): number => ((memory.at(-1)![1] - memory[0]![1]) * 1024) / count;
    const opened = await measured(rig, async (end) => {
      let waitedMs = 0;
      for (let step = 1; step <= STEPS; step++) {
        await openAll(sockets.slice(((step - 1) * count) / STEPS, (step * count) / STEPS), true);
        isOpen = (step * count) / STEPS;
        await pause(SETTLE_MS);
        waitedMs += SETTLE_MS;
        memory.push([(step * count) / STEPS, rig.rssKib / 1024]);
      }
      end();
      return {
        what: `${count.toLocaleString('en')} sockets open, with ${waitedMs / 1000} s of waits`,
        count,
        failures: failuresOf(sockets),
        judged: 'all in sync',
        kibPerSocket: perSocket(),
      };
    });
    const idle = await measured(rig, async () => {
      const before = beats;
      await pause(idleSeconds * 1000);
      const sent = ((beats - before) * count) / HEARTBEAT_S / BEATS_A_SECOND;
      return { what: 'heartbeats only', count: sent, failures: failuresOf(sockets), judged: 'no socket closed' };
    });
    const wave = await measured(rig, async (end) => {
      const verdict = new Verdict();
      const answers: number[] = [];
      const readers = new Map<number, number>();
      await paced(rate, seconds, async (i, due) => {
        // 7 shares no divisor with the number of users, so the senders are far apart.
        const from = (i * 7) % count;
        const entry = messageTo(users[peerOf(from)]!);
        sent.set(entry.id, { due, told: 0 });
        const [result] = await sockets[from]!.submit([entry]);
        verdict.expect('answers', users[from]!, result?.outcome, 'confirmed');
        answers.push(performance.now() - due);
        readers.set(peerOf(from), (readers.get(peerOf(from)) ?? 0) + 1);
      });
      for (let waited = 0; told.length < sent.size && waited < 10_000; waited += 20) await pause(20);
      end();
      for (const [id, one] of sent) verdict.expect('told once', id, one.told, 1);
      const asked = [...readers.keys()].slice(0, 300);
      const rows = await snapshots(
        rig.port,
        asked.map((i) => users[i]!),
      );
      for (const i of asked) {
        const row = rows.get(users[i]!)?.get(`direct:${users[peerOf(i)]!}`);
        // Of the chat's first message the user is the reader if the number of the user is odd.
        verdict.expect('unread counts', users[i]!, unreadOf(row), readers.get(i)! + (i % 2));
      }
      return {
        what: `messages to ${readers.size.toLocaleString('en')} of them`,
        count: answers.length,
        answers,
        told,
        failures: [...failuresOf(sockets), ...verdict.failures],
        judged: `${sent.size} messages: told once; ${asked.length} unread counts`,
      };
    });
    clearInterval(beating);
    closeAll(sockets);
    const rows: Row[] = [opened, idle, wave];
    return {
      rows,
      plot: {
        kind: 'lines',
        title: 'Memory of the server by live sockets',
        note: `Resident memory of the process. ${perSocket().toFixed(1)} KiB a socket, kernel buffers not counted. Lower is better.`,
        x: 'sockets',
        y: 'MiB',
        lines: [{ name: 'memory', points: memory }],
      },
    };
  } finally {
    await rig.stop();
  }
};

export const sockets: Scenario = {
  id: 'sockets',
  title: '10,000 sockets on one server',
  about:
    'Live sockets of 10,000 users: the memory while they open, then 25 s of heartbeats alone, then messages between them. *Told* is the time ' +
    'until the other user has the message.',
  run: many,
};
