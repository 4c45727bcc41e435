/** Several server processes on one PostgreSQL: the clients of every server see what any server stores, also after a server, the bus or the database dies. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeServerFrame, encodeFrame } from '../../src/protocol/codec.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import { createLocalBus } from '../../src/server/bus/bus.ts';
import { openPostgresStore } from '../../src/server/postgres.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import { type Bundled, bundled } from '../support/bundled.ts';
import { cuttableLine } from '../support/cuttable-line.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import { findNats, startNats, type TestNats } from '../support/test-nats.ts';
import { balance, ReceiptNode as Node } from '../support/receipt-nodes.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { TestClient } from './server-harness.ts';

const PROGRAM = fileURLToPath(new URL('../support/receipt-node.ts', import.meta.url));
/** Far below a heartbeat. */
const AT_ONCE_MS = 8000;

const seqs = (client: ProtocolClient, peer: string): number[] =>
  [...(client.messages.get(`direct:${peer}`)?.keys() ?? [])].sort((a, b) => a - b);

describe.skipIf(!findPostgres())('several servers on one PostgreSQL', () => {
  let program: Bundled;
  let postgres: TestPostgres;
  let nats: TestNats | undefined;
  const nodes: Node[] = [];
  const clients: ProtocolClient[] = [];
  let databases = 0;
  const newDatabase = (): string => {
    const name = `several_${++databases}`;
    postgres.createDatabase(name);
    return name;
  };
  const startNode = async (database: string, bus: string): Promise<Node> => {
    const node = await Node.start(program.file, postgres, database, bus);
    nodes.push(node);
    return node;
  };
  const join = async (port: number, user: string): Promise<ProtocolClient> => {
    const client = await ProtocolClient.connect(`ws://127.0.0.1:${port}/receipts`, user, user, `${user}-device`);
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    program = await bundled(PROGRAM);
    postgres = startPostgres();
    if (findNats()) nats = await startNats();
  }, 120_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const node of nodes.splice(0)) await node.end('SIGKILL');
  });
  afterAll(async () => {
    await nats?.stop();
    postgres.stop();
    program.remove();
  });

  const kinds = ['NATS', 'LISTEN and NOTIFY'] as const;
  describe.each(kinds)('with a bus over %s', (kind) => {
    const isMissing = kind === 'NATS' && !findNats();
    const newBus = async () => {
      if (kind === 'LISTEN and NOTIFY') return { bus: 'postgres', cut: () => undefined, restore: () => undefined };
      const line = await cuttableLine({ host: '127.0.0.1', port: nats!.port });
      return { bus: `127.0.0.1:${line.port}`, cut: () => line.cut(), restore: () => line.restore() };
    };

    it.skipIf(isMissing)(
      'a message at one server shows at once at the other, after an outage of the bus too, and a killed server loses nothing (F70)',
      { timeout: 120_000 },
      async () => {
        const database = newDatabase();
        const line = await newBus();
        const one = await startNode(database, line.bus);
        const two = await startNode(database, line.bus);
        const ann = await join(one.port, 'ann');
        const bob = await join(two.port, 'bob');
        await ann.sendMessage('direct:bob', 'one');
        await bob.waitFor(() => seqs(bob, 'ann').includes(1), AT_ONCE_MS, 'the first message');
        line.cut();
        await pause(300);
        await ann.sendMessage('direct:bob', 'two');
        line.restore();
        await bob.waitFor(() => seqs(bob, 'ann').includes(2), AT_ONCE_MS, 'the message of the outage');
        const sent = ann.sendMessage('direct:bob', 'three');
        await one.end('SIGKILL');
        await one.start();
        expect(await sent).toMatchObject({ seq: 3 });
        await bob.waitFor(() => seqs(bob, 'ann').includes(3), AT_ONCE_MS, 'the message of the killed server');
        expect(seqs(bob, 'ann')).toEqual([1, 2, 3]);
      },
    );

    it.skipIf(isMissing)(
      'a rolling restart of three servers refuses no call, loses no receipt, and brings every message once (F85)',
      { timeout: 180_000 },
      async () => {
        const database = newDatabase();
        const { bus } = await newBus();
        const three = [await startNode(database, bus), await startNode(database, bus), await startNode(database, bus)];
        const balancer = await balance(three.map(({ port }) => port));
        const { port } = balancer.address() as AddressInfo;
        const ann = await join(port, 'ann');
        const bob = await join(port, 'bob');
        let isOver = false;
        let count = 0;
        const talk = async (): Promise<void> => {
          // A refused call rejects.
          while (!isOver) {
            await ann.sendMessage('direct:bob', ++count);
            await pause(10);
          }
        };
        // Every message is read by a receipt of its own.
        let read = 0;
        const answer = async (): Promise<void> => {
          while (!isOver || read < count) {
            const next = seqs(bob, 'ann').find((seq) => seq > read);
            if (next === undefined) await pause(10);
            else {
              const [result] = await bob.submit([bob.receiptsEntry('direct:ann', { position: next, named: [[next, next]] })]);
              expect(result).toMatchObject({ outcome: 'confirmed', row: { readUpTo: next } });
              read = next;
            }
          }
        };
        const talking = Promise.all([talk(), answer()]);
        for (const node of three) {
          // Calls are under way before each restart, and go on after it.
          const before = count;
          await vi.waitFor(() => expect(count).toBeGreaterThan(before + 5), { timeout: 20_000 });
          await node.end('SIGTERM');
          await node.start();
        }
        isOver = true;
        await talking;
        await bob.waitFor(() => seqs(bob, 'ann').length >= count, AT_ONCE_MS, 'every message');
        expect(seqs(bob, 'ann')).toEqual(Array.from({ length: count }, (_, i) => i + 1));
        const readBy = (): unknown => ann.rows.get('direct:bob')?.theirs.named;
        await ann.waitFor(() => JSON.stringify(readBy()) === JSON.stringify([[1, count]]), AT_ONCE_MS, 'every receipt');
        balancer.close();
      },
    );
  });

  it(
    'three servers together give a user the burst 1.2 times at most, and the refill once; each server counts its connections alone (F107)',
    { timeout: 60_000 },
    async () => {
      const database = newDatabase();
      // Over NATS a server listens for its own users only.
      const bus = nats ? `127.0.0.1:${nats.port}` : 'postgres';
      const three = [await startNode(database, bus), await startNode(database, bus), await startNode(database, bus)];
      const rate = { perSecond: 20, burst: 500 };
      const policyOf = async ({ port }: Node, change: object) =>
        (await fetch(`http://127.0.0.1:${port}/dev/policy`, { method: 'POST', body: JSON.stringify(change) })).json() as Promise<object>;
      await policyOf(three[0]!, { rate, connections: { perUser: 2 } });
      for (const node of three) await vi.waitFor(async () => expect(await policyOf(node, {})).toMatchObject({ rate }), AT_ONCE_MS);
      const open = async ({ port }: Node) => TestClient.signIn(`ws://127.0.0.1:${port}/receipts`, 'ann');
      const from = Date.now();
      const floodUntilBusy = async ({ socket, frames }: TestClient): Promise<void> => {
        while (!frames.some(({ type }) => type === 'error')) {
          socket.send('{"type":"ping"}');
          await once(socket, 'message');
        }
      };
      const first = await open(three[0]!);
      await floodUntilBusy(first);
      // The others hear of the user only now.
      const clients = [first, ...(await Promise.all([three[0]!, ...three.slice(1), ...three.slice(1)].map(open)))];
      for (const node of three) await expect(open(node)).rejects.toThrow();
      await Promise.all(clients.map(floodUntilBusy));
      const seconds = (Date.now() - from) / 1000;
      const taken = clients.flatMap(({ frames }) => frames).filter(({ type }) => type === 'pong').length;
      // A tenth more for hints on their way.
      expect(taken).toBeLessThan(rate.burst * 1.3 + rate.perSecond * seconds);
      expect(taken).toBeGreaterThanOrEqual(rate.burst);
      for (const client of clients) client.socket.close();
    },
  );

  it('a client whose hint the bus has lost has its changes with the next heartbeat (F71)', { timeout: 60_000 }, async () => {
    const pool = postgres.pool(newDatabase());
    const authenticate = async (userId: string) => ({ userId });
    const open = async () => createReceiptServer({ store: await openPostgresStore({ pool }), bus: createLocalBus(), authenticate });
    const [one, two] = [await open(), await open()];
    const frames: ServerFrame[] = [];
    const socket = { send: (text: string) => void frames.push(decodeServerFrame(text)), close: () => undefined, buffered: 0 };
    const connection = two.connect(socket)!;
    connection.receive(encodeFrame({ type: 'hello', version: PROTOCOL_VERSION, token: 'bob', userId: 'bob', deviceId: 'd' }));
    connection.receive(encodeFrame({ type: 'pull', cursor: null }));
    await connection.settled();
    await one.publish({ from: 'ann', to: { user: 'bob' }, body: 'hello' });
    await pause(50);
    frames.length = 0;
    connection.receive(encodeFrame({ type: 'ping' }));
    await connection.settled();
    expect(frames.map(({ type }) => type)).toEqual(['changes', 'pong']);
    await one.close();
    await two.close();
    await pool.end();
  });
});
