/** A host without a page, and the start after an interrupted log-out: code shared by the service worker, the worker and the simulator. */
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { readAccount } from '../../../src/engine/account/enter-account.ts';
import { withAccount } from '../../../src/engine/headless/with-account.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { LoggedOutError } from '../../../src/engine/write/log-header.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { TransportError } from '../../../src/errors.ts';
import { LOG_HEADER_KEY } from '../../../src/log/tables.ts';
import type { Ports } from '../../../src/ports/ports.ts';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../../src/testing/virtual-tab.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { type Refusing, refusing } from '../../support/refusing.ts';

interface Scene {
  readonly world: TestWorld;
  readonly phone: VirtualDevice;
  readonly ann: VirtualTab;
  readonly net: Refusing;
}

const start = async (): Promise<Scene> => {
  const world = createTestWorld({ seed: 41 });
  const phone = world.device('ann');
  const net = refusing(phone);
  const ann = await world.open(phone);
  await world.pass(5000);
  return { world, phone, ann, net };
};

const say = (world: TestWorld, tab: VirtualTab, text: string) =>
  world.until(tab.do('sendMessage', 'direct:ben', { body: JSON.stringify(text) }));

const setOnline = ({ phone }: Scene, isOnline: boolean): void => phone.network.set({ up: isOnline, down: isOnline });

/** The bodies of all messages at the server. */
const stored = ({ world }: Scene): string[] => world.server.dump().messages.map(({ body }) => body);

describe('a host without a page', () => {
  it('a host without a page sends the entries left by the last page', async () => {
    const scene = await start();
    const { world, phone, ann } = scene;
    setOnline(scene, false);
    await say(world, ann, 'left');
    ann.kill();
    setOnline(scene, true);
    await world.until(phone.sync());
    expect(stored(scene)).toEqual(['"left"']);
  });

  it('a host without a page finds an account only together with the receipt settings of its first page (F133)', async () => {
    for (const last of ['enter-account', 'create', 'open']) {
      const world = createTestWorld({ seed: 42 });
      const phone = world.device('ann');
      phone.disk.committed = ({ name, process }) => {
        if (name === last) process.kill();
      };
      await world.until(phone.openTab({ deliveryReceipts: false, readReceipts: false })).catch(() => undefined);
      phone.disk.committed = () => undefined;
      const ports = await phone.ports(new VirtualProcess(world.time, 'host'));
      const account = await world.until(readAccount(ports.store));
      const found = account && (await world.until(Writer.open(ports, account.userId))).model.settings;
      const expected = last === 'enter-account' ? undefined : { deliveryReceipts: false, readReceipts: false };
      expect([last, found]).toEqual([last, expected]);
    }
  });

  it('a host without a page lets an answering leader tab send, and ends when the tab has sent (F37)', async () => {
    const scene = await start();
    const { world, phone, ann, net } = scene;
    net.refuses = ({ type }) => type === 'submit';
    await say(world, ann, 'of the page');
    await world.pass(100);
    const senders = new Set<string>();
    phone.network.leaves = ({ name }) => void senders.add(name);
    const syncing = world.until(phone.sync());
    net.refuses = () => false;
    await syncing;
    expect(stored(scene)).toEqual(['"of the page"']);
    expect([...senders]).toEqual([ann.process.name]);
  });

  it('a host without a page rejects if the leader tab does not send in time, so that the browser wakes the host again (F37)', async () => {
    const scene = await start();
    const { world, phone, ann, net } = scene;
    net.refuses = ({ type }) => type === 'submit';
    await say(world, ann, 'not now');
    await expect(world.until(phone.sync())).rejects.toThrow(TransportError);
    expect(phone.leader).toBe(ann.process);
  });

  it('a host without a page takes the lock of a frozen page, and sends (F30)', async () => {
    const scene = await start();
    const { world, phone, ann } = scene;
    setOnline(scene, false);
    await say(world, ann, 'of the frozen page');
    ann.freeze();
    setOnline(scene, true);
    await world.until(phone.sync());
    expect(stored(scene)).toEqual(['"of the frozen page"']);
  });

  it('a host without a page sends nothing after a log-out, even if the hint of the log-out was lost (I-26)', async () => {
    const disk = new MemoryDisk();
    let requests = 0;
    const request = async (): Promise<ServerFrame[]> => {
      requests++;
      return [];
    };
    const ports: Ports = {
      ...quietPorts(createMemoryStore(disk)),
      net: { connect: () => ({ send: () => undefined, buffered: 0, close: () => undefined }), request },
      locks: { acquire: (_, { onMissing }) => (setTimeout(onMissing), () => undefined) },
      life: { listen: () => () => undefined },
      token: { getToken: async () => 'token' },
    };
    const page = await Writer.open(ports, 'ann');
    await page.write('say', { durability: 'strict' }, (draft) => sendMessage(draft, ports, 'direct:ben', { body: '"given up"' }));
    const syncing = withAccount(ports, { userId: 'ann', deviceId: 'phone' }, 'lead', async (open) => {
      await ports.store.tx('log-out', ['meta'], 'readwrite', 'strict', async (tx) => {
        const header = (await tx.get('meta', LOG_HEADER_KEY)) as object;
        tx.put('meta', LOG_HEADER_KEY, { ...header, ended: 'kept' });
      });
      await open.ports.net.request([], 1000);
    });
    await expect(syncing).rejects.toBeInstanceOf(LoggedOutError);
    expect(requests).toBe(0);
  });

  it('a host without a page that found the account just before its log-out creates no store, and sends nothing (I-26, F142)', async () => {
    const { world, phone, ann } = await start();
    const account = { userId: phone.userId, deviceId: phone.deviceId };
    const ports = await phone.ports(new VirtualProcess(world.time, 'host'));
    expect(await world.until(readAccount(ports.store))).toEqual(account);
    await world.until(ann.logOut({ pending: 'discard', timeoutMs: 0, keepData: false }));
    let hasRun = false;
    const syncing = withAccount(ports, account, 'lead', async () => void (hasRun = true));
    await expect(world.until(syncing)).rejects.toBeInstanceOf(LoggedOutError);
    expect(hasRun).toBe(false);
    expect(phone.disk.get('meta', LOG_HEADER_KEY)).toBeUndefined();
  });
});

describe('a start after an interrupted log-out', () => {
  it('a start after a crashed log-out finishes the wipe first: no data of the account is shown or sent, and the device has a new id', async () => {
    const scene = await start();
    const { world, phone, ann } = scene;
    setOnline(scene, false);
    await say(world, ann, 'given up');
    phone.fault = (site, process) => {
      if (site === 'log-out:recorded') process.kill();
      return undefined;
    };
    void ann.logOut({ pending: 'discard', timeoutMs: 0, keepData: false });
    await world.pass(5000);
    expect(phone.disk.get('meta', 'head')).toMatchObject({ ended: 'wiped' });
    const before = phone.deviceId;
    setOnline(scene, true);
    const next = await world.open(phone);
    await world.pass(5000);
    expect(phone.deviceId).not.toBe(before);
    expect(await firstValueFrom(next.watch({ of: 'conversations', limit: 10 }))).toEqual([]);
    expect(stored(scene)).toEqual([]);
  });
});
