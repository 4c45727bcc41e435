/**
 * A world for tests: a server, devices, and all between them, in one thread and in virtual time. A seed determines
 * every event.
 *
 *   TestWorld ─┬─ VirtualTime     one heap of events
 *              ├─ VirtualServer   the real server over a memory store
 *              └─ VirtualDevice   disk, locks and service worker
 *                  ├─ VirtualTab  the real engine in a process
 *                  └─ VirtualNetwork ──frames──▶ VirtualServer
 */
import { requireId, type UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { StorePort } from '../ports/ports.ts';
import type { Directory } from '../server/groups/directory.ts';
import type { PolicyChange } from '../server/policy.ts';
import type { OnMessage } from '../server/push/host-pushes.ts';
import { createMemoryStore, MemoryDisk } from '../store/memory-store.ts';
import { SeededRandom } from './random.ts';
import { VirtualDevice } from './virtual-device.ts';
import type { VirtualTab } from './virtual-tab.ts';
import { VirtualDisk, type DiskOptions } from './virtual-disk.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { VirtualServer } from './virtual-server.ts';
import { VirtualTime } from './virtual-time.ts';

export interface WorldOptions {
  /** The seed: the same seed gives the same world. Default 1. */
  readonly seed?: number | string;
  /** The server's policy. Default: group receipts on, all other values as in the server's default. */
  readonly policy?: PolicyChange;
  /** The host's callbacks about its users, such as `counts`. After a change of its answers call `server.host.countsChanged`. Default: none. */
  readonly directory?: Directory;
  /** The server's callback about messages that need a Web Push. Default: none. */
  readonly onMessage?: OnMessage;
  /** Makes a device's storage. Default: a store in memory. */
  readonly storage?: (name: string) => DiskOptions;
}

const memoryStorage = (): DiskOptions => {
  const disk = new MemoryDisk();
  return {
    open: async (): Promise<StorePort> => createMemoryStore(disk, 'durable'),
    replace: (tables) => {
      // Wait for running transactions and their undo steps.
      const replaced = disk.turn.then(() => {
        for (const [name, rows] of tables) {
          const table = disk.tables.get(name)!;
          table.clear();
          for (const [id, row] of rows) table.set(id, row);
        }
      });
      disk.turn = replaced;
      return replaced;
    },
    hasOwnSteps: false,
  };
};

export class TestWorld {
  readonly random: SeededRandom;
  readonly time: VirtualTime;
  readonly server: VirtualServer;
  readonly devices: VirtualDevice[] = [];

  constructor(private readonly options: WorldOptions = {}) {
    this.random = new SeededRandom(String(options.seed ?? 1));
    this.time = new VirtualTime(this.random.fork('order'));
    const { policy = { receipts: { groups: true } }, directory, onMessage } = options;
    this.server = new VirtualServer(this.time, this.random.fork('server'), policy, directory, onMessage);
  }

  /** Adds a device of a user. @param token the app's `getToken`; default: a valid token without end. */
  device(userId: UserId, name = `${userId}${this.devices.length}`, token?: () => Promise<string>): VirtualDevice {
    requireId(userId, 'userId');
    const disk = new VirtualDisk((this.options.storage ?? memoryStorage)(name));
    const device = new VirtualDevice({
      userId,
      name,
      time: this.time,
      random: this.random.fork(`device ${name}`),
      disk,
      network: new VirtualNetwork(this.server, this.random.fork(`network ${name}`)),
      token: token ?? (async () => this.server.token(userId)),
    });
    this.devices.push(device);
    return device;
  }

  /** Opens a tab on a device, and lets time pass until the tab is ready. */
  open(device: VirtualDevice): Promise<VirtualTab> {
    return this.until(device.openTab());
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }

  /** Lets time pass until the promise settles. @throws the promise's error; an `Error` after `withinMs` of virtual time. */
  until<T>(promise: Promise<T>, withinMs?: number): Promise<T> {
    return this.time.until(promise, withinMs);
  }
}

/** @throws {UsageError} `usage/invalid-option`, also for an option with an unknown name. */
export const createTestWorld = (options?: WorldOptions): TestWorld =>
  new TestWorld(
    readOptions(options, 'createTestWorld', { seed: 1, policy: 1, directory: 1, onMessage: 1, storage: 1 }, 'usage/invalid-option'),
  );
