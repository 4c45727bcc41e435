/** Each log event of the engine, from the trouble that causes the event. */
import { expect, it } from 'vitest';
import { Writer } from '../../../src/engine/write/writer.ts';
import { ProtocolError, StoreError } from '../../../src/errors.ts';
import { PAGES_INTACT_KEY } from '../../../src/log/tables.ts';
import type { Log } from '../../../src/logging.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import type { ClientFrame } from '../../../src/protocol/frames.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

type Records = [level: string, event: string, details: unknown][];

interface Scene {
  readonly world: TestWorld;
  readonly device: VirtualDevice;
  /** The disk fails the transaction with this name. */
  fails(name: string): void;
}

const recordsOf = async (happens: (scene: Scene) => Promise<unknown>): Promise<Records> => {
  const world = createTestWorld();
  const device = world.device('alice', 'phone');
  const records: Records = [];
  device.log = (...[level, event, details]) => void records.push([level, event, details]);
  const fails = (name: string): void => {
    device.disk.trouble = (point, of) => (point === 'commit' && of === name ? 'abort' : null);
  };
  await happens({ world, device, fails });
  return records;
};

/** Alice's tab, after `count` messages of bob. */
const withMessages = async ({ world, device }: Scene, count: number): Promise<WorldTab> => {
  const tab = await openTab(world, device);
  await tab.live();
  const [, bob] = await openDevice(world, 'bob');
  for (let n = 1; n <= count; n++) await bob.say('alice', `message ${n}`);
  await tab.until({ of: 'total-unread' }, (total) => total === count);
  return tab;
};

/** The network, with a step of the test before each frame of the client, and with the handlers of the newest connection. */
const onNetwork = (device: VirtualDevice, sends: (frame: ClientFrame, handlers: Handlers) => boolean): { handlers: Handlers | null } => {
  const state: { handlers: Handlers | null } = { handlers: null };
  device.changePorts = (ports) => ({
    ...ports,
    net: {
      request: (...args) => ports.net.request(...args),
      connect: (handlers) => {
        state.handlers = handlers;
        const link = ports.net.connect(handlers);
        return { buffered: 0, close: () => link.close(), send: (frame) => void (sends(frame, handlers) || link.send(frame)) };
      },
    },
  });
  return state;
};
type Handlers = Parameters<Parameters<VirtualDevice['changePorts']>[0]['net']['connect']>[0];

const FAILED = { code: 'store/unavailable' };

it.each<[event: string, level: string, details: object, happens: (scene: Scene) => Promise<unknown>]>([
  [
    'fence-not-taken',
    'warn',
    FAILED,
    async ({ world, device, fails }) => {
      fails('take-fence');
      await openTab(world, device);
      await world.pass(1000);
    },
  ],
  [
    'heard-events-not-noted',
    'warn',
    FAILED,
    async (scene) => {
      const tab = await withMessages(scene, 1);
      scene.fails('heard');
      tab.watch({ of: 'events' }).subscribe();
      await scene.world.pass(5000);
    },
  ],
  [
    'store-not-read',
    'warn',
    FAILED,
    async ({ world, device, fails }) => {
      await openTab(world, device);
      fails('refresh');
      await world.pass(15_000);
    },
  ],
  [
    'log-not-compacted',
    'warn',
    FAILED,
    async (scene) => {
      const tab = await withMessages(scene, 2);
      scene.fails('compact');
      await tab.ask('dropCachedMessages');
    },
  ],
  [
    'log-compacted',
    'debug',
    { version: expect.any(Number) },
    async (scene) => {
      const tab = await withMessages(scene, 2);
      await tab.ask('dropCachedMessages');
    },
  ],
  [
    'messages-evicted',
    'info',
    { messages: 2, cause: 'dropped' },
    async (scene) => {
      const tab = await withMessages(scene, 3);
      await tab.ask('dropCachedMessages');
    },
  ],
  [
    'messages-evicted',
    'info',
    { messages: 2, cause: 'retention' },
    async (scene) => {
      await (await withMessages(scene, 3)).close();
      await scene.world.until(scene.device.openTab({}, { messagesPerConversation: 1 }));
      await scene.world.pass(60_000);
    },
  ],
  [
    'messages-not-evicted',
    'warn',
    FAILED,
    async (scene) => {
      await (await withMessages(scene, 3)).close();
      await scene.world.until(scene.device.openTab({}, { messagesPerConversation: 1 }));
      scene.fails('retention');
      await scene.world.pass(60_000);
    },
  ],
  [
    'store-is-newer',
    'warn',
    { code: 'store/version-ahead' },
    async ({ world, device }) => {
      const tab = await openTab(world, device);
      await tab.live();
      await world.until(
        device.disk.open(tab.tab.process).then((store) =>
          store.tx('newer', ['meta'], 'readwrite', 'strict', async (tx) => {
            const header = (await tx.get('meta', 'head')) as object;
            tx.put('meta', 'head', { ...header, schema: 99, version: 1000 });
          }),
        ),
      );
      await world.pass(15_000);
    },
  ],
  [
    'frame-not-understood',
    'warn',
    { code: 'protocol/bad-frame' },
    async ({ world, device }) => {
      const network = onNetwork(device, () => false);
      await (await openTab(world, device)).live();
      network.handlers!.malformed(new ProtocolError('protocol/bad-frame', 'a frame of unknown type'));
    },
  ],
  [
    'frame-refused',
    'warn',
    { code: 'protocol/bad-frame', message: 'no such thing' },
    async ({ world, device }) => {
      onNetwork(device, (frame, handlers) => {
        if (frame.type !== 'submit') return false;
        handlers.frame({ type: 'error', id: frame.id, code: 'protocol/bad-frame', message: 'no such thing' });
        return true;
      });
      const tab = await openTab(world, device);
      await tab.live();
      await tab.say('bob', 'hi');
      await world.pass(1000);
    },
  ],
])('%s is logged', async (event, level, details, happens) => {
  expect(await recordsOf(happens)).toContainEqual([level, event, expect.objectContaining(details)]);
});

it('pages-not-repaired is logged', async () => {
  const inner = createMemoryStore();
  const store: StorePort = {
    ...inner,
    tx: (name, ...rest) =>
      name === 'repair-pages' ? Promise.reject(new StoreError('store/quota-exceeded', 'no room')) : inner.tx(name, ...rest),
  };
  const records: Records = [];
  const log: Log = (...[level, event, details]) => void records.push([level, event, details]);
  await Writer.open(quietPorts(store), 'alice');
  await store.tx('mark', ['meta'], 'readwrite', 'strict', async (tx) => tx.delete('meta', PAGES_INTACT_KEY));
  await Writer.open({ ...quietPorts(store), log }, 'alice');
  expect(records).toEqual([['warn', 'pages-not-repaired', expect.objectContaining({ code: 'store/quota-exceeded' })]]);
});
