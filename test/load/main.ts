/**
 * `npm run load [-- --store memory,pglite,postgres] [--sockets 1,100,1000] [--seconds N] [--frames N] [--storm N]
 * [--group N] [--prof DIR]`: the load that the server carries on loopback, in a process of its own. Prints a table;
 * no number fails the run, a failed socket does.
 *
 *   receipts: each socket reads its messages one by one: one entry in a frame, the next frame after the answer. Each socket is live.
 *   group:    one message, then all members of a group read it at once.
 *   storm:    so many sockets sign in at once, and each pulls everything.
 */
import { parseArgs } from 'node:util';
import { type LoadSocket, openAll } from './clients.ts';
import { fillDirect, fillGroup, startServer, type Loaded } from './process.ts';

interface Row {
  readonly what: string;
  readonly store: string;
  readonly sockets: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMsEach: number;
  readonly failed: number;
}

/** Messages for the sockets of one load to read, in frames of one. */
const MESSAGES = 5000;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

const rowOf = (
  head: Pick<Row, 'what' | 'store' | 'sockets' | 'failed'>,
  times: number[],
  ms: number,
  cpuMs: number,
  entries = times.length,
): Row => {
  times.sort((a, b) => a - b);
  const perSecond = (entries * 1000) / ms;
  return { ...head, perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99), cpuMsEach: cpuMs / entries };
};

const failuresOf = (sockets: readonly { readonly failure: string | undefined }[]): number => {
  const failed = sockets.filter(({ failure }) => failure !== undefined);
  if (failed[0]) console.error(`a socket failed: ${failed[0].failure}`);
  return failed.length;
};

/** Starts to measure a load. `end` closes the sockets. */
const startWatch = (server: Loaded) => {
  const cpu = server.cpuMs();
  const since = performance.now();
  return {
    since,
    end(what: string, sockets: readonly LoadSocket[], times: number[], entries?: number): Row {
      const ms = performance.now() - since;
      const head = { what, store: server.kind, sockets: sockets.length, failed: failuresOf(sockets) };
      const row = rowOf(head, times, ms, server.cpuMs() - cpu, entries);
      for (const socket of sockets) socket.close();
      return row;
    },
  };
};

const receiptsEntry = (conversationId: string, seq: number, count: number) => ({
  kind: 'receipts',
  key: `r${seq}`,
  conversationId,
  cursor: null,
  position: seq + count - 1,
  read: [[seq, seq + count - 1]],
});

/** Each user reads the messages of a peer of its own, `inFrame` entries in a frame. */
const receipts = async (server: Loaded, count: number, seconds: number, inFrame: number): Promise<Row> => {
  const users = Array.from({ length: count }, (_, i) => `r${count}-${inFrame}-${i}`);
  // The load ends when the time is over or all messages are read.
  const each = Math.ceil(MESSAGES / count) * inFrame;
  await fillDirect(server.port, users, each);
  const sockets = await openAll(server.port, users, true);
  const times: number[] = [];
  const watch = startWatch(server);
  const until = watch.since + seconds * 1000;
  await Promise.all(
    sockets.map(async (socket) => {
      for (let seq = 1; seq + inFrame <= each && performance.now() < until && !socket.failure; seq += inFrame) {
        const entries = Array.from({ length: inFrame }, (_, i) => receiptsEntry(`direct:p-${socket.userId}`, seq + i, 1));
        const sent = performance.now();
        const answer = await socket.ask({ type: 'submit', id: seq, entries }, '{"type":"answer"');
        if (answer.split('"confirmed"').length - 1 !== inFrame) socket.failure ??= `not confirmed: ${answer.slice(0, 300)}`;
        times.push(performance.now() - sent);
      }
    }),
  );
  return watch.end(inFrame === 1 ? 'receipts' : `receipts, ${inFrame} in a frame`, sockets, times, times.length * inFrame);
};

const group = async (server: Loaded, size: number): Promise<Row> => {
  const rounds = 10;
  const members = Array.from({ length: size }, (_, i) => `g${i}`);
  await fillGroup(server.port, 'team', members);
  const sockets = await openAll(server.port, members, true);
  const times: number[] = [];
  const watch = startWatch(server);
  for (let seq = 1; seq <= rounds; seq++) {
    await sockets[0]!.ask(
      {
        type: 'submit',
        id: seq,
        entries: [
          {
            kind: 'message',
            key: 'm',
            conversationId: 'group:team',
            cursor: null,
            id: `t${seq}`,
            body: '"hello"',
            receiptRequested: true,
            countable: true,
          },
        ],
      },
      '{"type":"answer"',
    );
    await Promise.all(
      sockets.slice(1).map(async (socket) => {
        const sent = performance.now();
        const entry = { kind: 'receipts', key: 'k', conversationId: 'group:team', cursor: null, position: seq, named: [[seq, seq]] };
        await socket.ask({ type: 'submit', id: seq, entries: [entry] }, '{"type":"answer"');
        times.push(performance.now() - sent);
      }),
    );
  }
  return watch.end('group', sockets, times);
};

const storm = async (server: Loaded, count: number): Promise<Row> => {
  const users = Array.from({ length: count }, (_, i) => `s${i}`);
  await fillDirect(server.port, users, 2);
  const times: number[] = [];
  const watch = startWatch(server);
  const sockets = await openAll(server.port, users, true, () => times.push(performance.now() - watch.since));
  return watch.end('storm', sockets, times);
};

const HEAD =
  '| load | store | sockets | a second | p50 ms | p99 ms | server CPU ms each | failed sockets |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |';

const line = ({ what, store, sockets, perSecond, p50, p99, cpuMsEach, failed }: Row): string =>
  `| ${[what, store, sockets, perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), cpuMsEach.toFixed(2), failed].join(' | ')} |`;

const numbers = (list: string): number[] => list.split(',').filter(Boolean).map(Number);

export const main = async (args: string[]): Promise<number> => {
  const { values } = parseArgs({
    args,
    options: {
      store: { type: 'string', default: 'memory,pglite' },
      sockets: { type: 'string', default: '1,100,1000' },
      seconds: { type: 'string', default: '8' },
      frames: { type: 'string', default: '1,20' },
      group: { type: 'string', default: '200' },
      storm: { type: 'string', default: '5000' },
      prof: { type: 'string' },
    },
  });
  const rows: Row[] = [];
  const show = (row: Row): void => {
    rows.push(row);
    console.log(line(row));
  };
  console.log(HEAD);
  for (const kind of values.store.split(',')) {
    const server = await startServer(kind, values.prof);
    try {
      for (const inFrame of numbers(values.frames))
        for (const count of inFrame === 1 ? numbers(values.sockets) : [100])
          show(await receipts(server, count, Number(values.seconds), inFrame));
      for (const size of numbers(values.group)) show(await group(server, size));
      for (const count of numbers(values.storm)) show(await storm(server, count));
    } finally {
      await server.stop();
    }
  }
  return rows.some(({ failed }) => failed > 0) ? 1 : 0;
};
