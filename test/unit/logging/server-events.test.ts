/** Each log event of the server, from the trouble that causes the event. */
import { createServer } from 'node:http';
import { afterEach, expect, it, vi } from 'vitest';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createLocalBus, type HintBus } from '../../../src/server/bus/bus.ts';
import type { ReceiptServer, ReceiptServerOptions } from '../../../src/server/receipt-server.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import type { ServerStore } from '../../../src/server/store/server-store.ts';
import { FakeSocket } from '../../support/fake-socket.ts';

type Records = [level: string, event: string, details: unknown][];

const open: ReceiptServer[] = [];
afterEach(async () => {
  vi.doUnmock('ws');
  await Promise.all(open.splice(0).map((server) => server.close().catch(() => undefined)));
});

const serve = (options: Partial<ReceiptServerOptions>): { server: ReceiptServer; records: Records } => {
  const records: Records = [];
  const server = createReceiptServer({
    store: createMemoryStore(),
    authenticate: async (token) => ({ userId: token }),
    log: (...[level, event, details]) => void records.push([level, event, details]),
    ...options,
  });
  open.push(server);
  return { server, records };
};

/** A store whose reads of one name fail. */
const failing = (name: string): ServerStore => {
  const store = createMemoryStore();
  return { ...store, read: (of, body) => (of === name ? Promise.reject(new Error('the disk is gone')) : store.read(of, body)) };
};

/** A store whose stored policy is this text. */
const withNotice = async (value: string): Promise<ServerStore> => {
  const store = createMemoryStore();
  await store.tx('policy', (tx) => tx.putNotice({ kind: 'policy', value, at: 0 }, 0));
  return store;
};

/** A bus that another server may listen to. */
const sharedBus = (): HintBus => ({ ...createLocalBus(), isLocal: false });

const hello = (userId: string) => ({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: 'd' });

const connect = async (server: ReceiptServer, ...frames: object[]): Promise<void> => {
  const connection = server.connect(new FakeSocket())!;
  for (const frame of frames) connection.receive(JSON.stringify(frame));
  await connection.settled();
};

const publish = (server: ReceiptServer) => server.publish({ from: 'ann', to: { user: 'bob' }, body: 'high water' });

/** Makes one HTTP request with an address that the host cannot tell. */
const requestWithoutAddress = async (server: ReceiptServer): Promise<void> => {
  const http = createServer();
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  await fetch(`http://127.0.0.1:${(http.address() as { port: number }).port}/receipts`, { method: 'POST', body: '[]' });
  http.close();
};

const throws = (): never => {
  throw new TypeError('the host is broken');
};

it.each<[event: string, level: string, options: () => Partial<ReceiptServerOptions>, happens: (server: ReceiptServer) => unknown]>([
  ['connection-opened', 'debug', () => ({}), (server) => connect(server, hello('bob'))],
  [
    'authenticate-answer-invalid',
    'warn',
    () => ({ authenticate: async () => ({ userId: '' }) }),
    (server) => connect(server, hello('bob')),
  ],
  [
    'frame-failed',
    'error',
    () => ({ store: failing('changes') }),
    (server) => connect(server, hello('bob'), { type: 'pull', cursor: null }),
  ],
  ['on-message-failed', 'warn', () => ({ onMessage: throws }), publish],
  ['pushes-not-made', 'error', () => ({ onMessage: () => undefined, store: failing('push') }), publish],
  ['notices-not-read', 'error', () => ({ store: failing('notices'), bus: sharedBus() }), () => undefined],
  ['policy-not-read', 'error', () => ({ store: withNotice('{"limits":{"entries":0}}'), bus: sharedBus() }), () => undefined],
  ['messages-not-ended', 'error', () => ({ store: failing('look-for-old'), policy: { retention: { days: 1 } } }), () => undefined],
  ['receipts-not-ended', 'error', () => ({ store: failing('look-for-due') }), () => undefined],
  ['request-failed', 'error', () => ({ addressOf: throws }), requestWithoutAddress],
  ['store-not-opened', 'error', () => ({ store: Promise.reject(new Error('no such folder')) }), () => undefined],
  [
    'ws-not-loaded',
    'error',
    () => ({}),
    (server) => {
      vi.doMock('ws', () => throws());
      vi.resetModules();
      server.attach(createServer());
    },
  ],
])('%s is logged', async (event, level, options, happens) => {
  const { server, records } = serve(options());
  await happens(server);
  await vi.waitFor(() => expect(records).toContainEqual(expect.arrayContaining([level, event])));
});
