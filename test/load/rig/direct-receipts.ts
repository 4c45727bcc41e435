/**
 * Receipts in direct chats: each reader reads the messages of one sender, one by one. Each message is an entry, a frame and an answer of
 * its own, so nothing merges on the device, which is the worst case. The readers are live. So are the senders, if they are told.
 */
import type { Row } from '../report/results.ts';
import { type Chat, fillChats } from './fill.ts';
import { messageTo, receiptFor } from './frames.ts';
import { snapshots, unreadOf, Verdict } from './judge.ts';
import { measured, paced, pause } from './measure.ts';
import type { Rig } from './rig.ts';
import { closeAll, failuresOf, LoadSocket, openAll } from './socket.ts';

export interface DirectOptions {
  readonly what: string;
  readonly pairs: number;
  readonly seconds: number;
  /** Receipts a second of all readers together; `most`: each reader sends the next receipt after the answer. */
  readonly rate: number | 'most';
  readonly isTold: boolean;
}

/** Enough for every answer: a load that is `most` ends earlier if a reader has read everything. */
const MOST_PER_SECOND = 5000;
const TOLD_WITHIN_MS = 10_000;

/** A chat of the load, with the times of its receipts by seq. */
class Pair {
  readonly from: string;
  readonly to: string;
  readonly due: number[] = [];
  readonly heard: number[] = [];
  readonly toldMs: number[] = [];
  next = 1;

  constructor(name: string, i: number) {
    this.from = `${name}-s${i}`;
    this.to = `${name}-r${i}`;
  }

  tell(from: number, upTo: number): void {
    for (let seq = from; seq <= upTo; seq++) {
      this.heard[seq] = (this.heard[seq] ?? 0) + 1;
      this.toldMs.push(performance.now() - (this.due[seq] ?? NaN));
    }
  }
}

/** Entries of one frame. */
const IN_FRAME = 100;

/** Without SQL the senders write their messages, over the wire. */
const fill = async (rig: Rig, chats: readonly Chat[]): Promise<void> => {
  if (rig.pool) return fillChats(rig.pool, chats);
  await Promise.all(
    chats.map(async ({ from, to, messages }) => {
      const socket = new LoadSocket(rig.port, from);
      await socket.open(false);
      for (let left = messages; left > 0; left -= IN_FRAME)
        await socket.submit(Array.from({ length: Math.min(left, IN_FRAME) }, () => messageTo(to)));
      socket.close();
    }),
  );
};

let runs = 0;

/** Reader and sender are clients of different servers, if there are several. */
export const directReceipts = async (rig: Rig, { what, pairs: count, seconds, rate, isTold }: DirectOptions): Promise<Row> => {
  const run = ++runs;
  const pairs = Array.from({ length: count }, (_, i) => new Pair(`d${run}`, i));
  const messages = Math.ceil(((rate === 'most' ? MOST_PER_SECOND : rate) * seconds) / count);
  await fill(
    rig,
    pairs.map(({ from, to }) => ({ from, to, messages })),
  );
  const portOf = (i: number): number => rig.nodes[i % rig.nodes.length]!.port;
  const readers = pairs.map(({ to }, i) => new LoadSocket(portOf(i), to));
  const senders = pairs.map(
    (pair, i) =>
      new LoadSocket(portOf(i + 1), pair.from, ({ steps }) => {
        for (const { kind, range } of steps) if (kind === 'read') pair.tell(range[0], range[1]);
      }),
  );
  const live = [...readers, ...(isTold ? senders : [])];
  await openAll(live, true);
  const answers: number[] = [];
  const verdict = new Verdict();
  const read = async (i: number, due: number): Promise<void> => {
    const pair = pairs[i]!;
    const seq = pair.next++;
    pair.due[seq] = due;
    const [result] = await readers[i]!.submit([receiptFor(`direct:${pair.from}`, seq)]);
    verdict.expect('answers', `${pair.to}, ${seq}`, result?.outcome, 'confirmed');
    answers.push(performance.now() - due);
  };
  const judge = async (): Promise<void> => {
    const rows = await snapshots(rig.port, [...pairs.map(({ to }) => to), ...pairs.map(({ from }) => from)]);
    for (const { from, to, next, heard } of pairs) {
      const row = rows.get(to)?.get(`direct:${from}`);
      verdict.expect('positions', to, row?.readUpTo, next - 1);
      verdict.expect('unread counts', to, unreadOf(row), messages - (next - 1));
      verdict.expect('receipts of the sender', from, rows.get(from)?.get(`direct:${to}`)?.theirs.read, [[1, next - 1]]);
      if (isTold) for (let seq = 1; seq < next; seq++) verdict.expect('told once', `${from}, ${seq}`, heard[seq], 1);
    }
  };
  const row = await measured(rig, async (end) => {
    const until = performance.now() + seconds * 1000;
    if (rate !== 'most') await paced(rate, seconds, (i, due) => read(i % count, due));
    else
      await Promise.all(
        pairs.map(async (pair, i) => {
          while (pair.next <= messages && performance.now() < until && !readers[i]!.failure) await read(i, performance.now());
        }),
      );
    end();
    const isWhole = (): boolean => pairs.every(({ next, toldMs }) => toldMs.length >= next - 1);
    for (let waited = 0; isTold && !isWhole() && waited < TOLD_WITHIN_MS; waited += 50) await pause(50);
    await judge();
    return {
      what,
      count: answers.length,
      answers,
      told: pairs.flatMap(({ toldMs }) => toldMs),
      failures: [...failuresOf(live), ...verdict.failures],
      judged: `${answers.length} receipts: position, unread count${isTold ? ', and told once' : ''}`,
    };
  });
  closeAll(live);
  return row;
};
