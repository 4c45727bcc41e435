/**
 * The effect of an account or an address on the server and on other accounts: the memory of the server's
 * process, and the latency of others.
 * `node test/support/run-main.mjs test/load/limits.ts [answer | unread | unnamed | hog | group]…`; loopback
 * only, small loads.
 */
import { WebSocket } from 'ws';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import { hello, messageTo, post } from './rig/frames.ts';
import { startServer } from './rig/node-process.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Stores about 23 MiB of own messages, slowly enough for every rate limit. */
const fill = async (port: number, user: string): Promise<void> => {
  for (let i = 0; i < 480; i++)
    await post(port, [
      hello(user),
      { type: 'submit', id: 1, entries: [messageTo('peer', 16_000), messageTo('peer', 16_000), messageTo('peer', 16_000)] },
    ]);
};

const wants = (ranges = 1) => [
  { conversationId: 'direct:peer', seqs: Array.from({ length: ranges }, (): [number, number] => [1, 100_000]), limit: 2000 },
];

const open = async (port: number, frames: readonly object[], read = true): Promise<WebSocket> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/receipts`);
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('open', () => resolve());
    socket.once('close', () => resolve());
  });
  if (!read) socket.pause();
  for (const frame of frames) if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  return socket;
};

const answer = async (): Promise<void> => {
  const server = await startServer('memory');
  await fill(server.port, 'ann');
  const before = server.rssMib();
  const fetches = Array.from({ length: 250 }, (_, i) => ({ type: 'fetch', id: i + 1, wants: wants() }));
  const got = await Promise.race([post(server.port, [hello('ann'), ...fetches]), sleep(60_000).then(() => 'nothing in 60 s')]);
  console.log(`answer: one POST, 250 fetches of 23 MiB: ${got}; RSS ${before} → ${server.peakMib()} MiB; alive: ${server.isAlive()}`);
  await server.stop();
};

const unread = async (): Promise<void> => {
  const server = await startServer('memory');
  await fill(server.port, 'ann');
  await sleep(500);
  const before = server.rssMib();
  const sockets = [];
  for (let i = 0; i < 40; i++) sockets.push(await open(server.port, [hello('ann'), { type: 'fetch', id: 1, wants: wants() }], false));
  await sleep(4000);
  const peak = server.peakMib();
  console.log(
    `unread: 40 sockets that fetch and do not read: RSS ${before} → ${peak} MiB, ${((peak - before) / 40).toFixed(1)} each; alive: ${server.isAlive()}`,
  );
  for (const socket of sockets) socket.terminate();
  await server.stop();
};

const unnamed = async (): Promise<void> => {
  const server = await startServer('memory', 60_000);
  const before = server.rssMib();
  const sockets: WebSocket[] = [];
  const big = { type: 'auth', token: 'x'.repeat(60_000) };
  for (let i = 0; i < 60; i++) sockets.push(await open(server.port, [hello('ann'), ...Array.from({ length: 200 }, () => big)]));
  await sleep(4000);
  console.log(`unnamed: 60 sockets while authenticate is slow: RSS ${before} → ${server.peakMib()} MiB; alive: ${server.isAlive()}`);
  for (const socket of sockets) socket.terminate();
  await server.stop();
};

const quantile = (list: number[], q: number): string => (list.sort((a, b) => a - b)[Math.floor(list.length * q)] ?? Number.NaN).toFixed(0);

const hog = async (): Promise<void> => {
  const server = await startServer('pglite');
  const measure = async (ms: number): Promise<number[]> => {
    const times: number[] = [];
    const until = Date.now() + ms;
    await Promise.all(
      ['bob', 'cat', 'dan', 'eve'].map(async (user) => {
        const socket = await open(server.port, [hello(user)]);
        let landed: () => void = () => undefined;
        socket.on('message', (data) => {
          if (String(data).startsWith('{"type":"answer"')) landed();
        });
        while (Date.now() < until) {
          const since = performance.now();
          const done = new Promise<void>((resolve) => (landed = resolve));
          socket.send(JSON.stringify({ type: 'submit', id: 1, entries: [messageTo(`${user}-peer`)] }));
          await Promise.race([done, sleep(10_000)]);
          times.push(performance.now() - since);
          await sleep(100);
        }
        socket.terminate();
      }),
    );
    return times;
  };
  await measure(1000);
  const quiet = await measure(5000);
  let busy = 0;
  let answered = 0;
  const sockets = await Promise.all(Array.from({ length: 8 }, () => open(server.port, [hello('hog')])));
  for (const socket of sockets) {
    const send = (): void =>
      socket.send(JSON.stringify({ type: 'submit', id: 1, entries: Array.from({ length: 100 }, (_, i) => messageTo(`h${i % 20}`)) }));
    socket.on('message', (data) => {
      const text = String(data);
      if (text.includes('"server/busy"')) {
        busy++;
        setTimeout(send, Number(/"retryAfterMs":(\d+)/.exec(text)?.[1] ?? 100));
      } else if (text.startsWith('{"type":"answer"')) {
        answered++;
        send();
      }
    });
    send();
  }
  await sleep(500);
  const loaded = await measure(8000);
  console.log(
    `hog: others' submit p50/p95 ${quantile(quiet, 0.5)}/${quantile(quiet, 0.95)} ms alone, ` +
      `${quantile(loaded, 0.5)}/${quantile(loaded, 0.95)} ms beside 8 sockets of one account (its frames: ${answered} answered, ${busy} busy)`,
  );
  for (const socket of sockets) socket.terminate();
  await server.stop();
};

const group = async (): Promise<void> => {
  for (const size of [1000, 5000, 20_000]) {
    const store = createMemoryStore();
    const members = new Map(Array.from({ length: size }, (_, i) => [`m${i}`, 'member' as const]));
    await store.tx('members', (tx) => changeMembers(tx, 'big', members, 'stay'));
    const apply = async (entry: { key: string }): Promise<number> => {
      const since = performance.now();
      const rules = { mayWrite: () => true, receipts: () => DEFAULT_POLICY.receipts };
      await store.tx('submit', (tx) => applyEntries(tx, { userId: 'm1', deviceId: 'd' }, readEntries('m1', [entry]), rules));
      return performance.now() - since;
    };
    const sent = await apply({ ...messageTo('x'), conversationId: 'group:big', receiptRequested: false } as { key: string });
    const read = await apply({ kind: 'receipts', key: 'k', conversationId: 'group:big', cursor: null, position: 1 } as { key: string });
    console.log(`group: ${size} members: a message ${sent.toFixed(1)} ms, a read position ${read.toFixed(1)} ms`);
  }
};

export const main = async (names: readonly string[]): Promise<number> => {
  const all: Record<string, () => Promise<void>> = { group, answer, unread, unnamed, hog };
  for (const name of names.length > 0 ? names : Object.keys(all)) await all[name]?.();
  return 0;
};
