/** A world in one seed: a server, devices, and everything between them, in one thread and in virtual time. */
import { requireId, type UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { StorePort } from '../ports/ports.ts';
import type { PolicyChange } from '../server/policy.ts';
import { createMemoryStore, MemoryDisk } from '../store/memory-store.ts';
import { SeededRandom } from './random.ts';
import { VirtualDevice } from './virtual-device.ts';
import type { VirtualTab } from './virtual-tab.ts';
import { VirtualDisk, type DiskOptions } from './virtual-disk.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { VirtualServer } from './virtual-server.ts';
import { VirtualTime } from './virtual-time.ts';

export interface WorldOptions {
  /** The same seed, the same world. Default 1. */
  readonly seed?: number | string;
  /** What the server takes and allows; default: group receipts on, all else as the server's own. */
  readonly policy?: PolicyChange;
  /** How a device's storage is made, by the name of the device; default: in memory. */
  readonly storage?: (name: string) => DiskOptions;
}

const memoryStorage = (): DiskOptions => {
  const disk = new MemoryDisk();
  return {
    open: async (): Promise<StorePort> => createMemoryStore(disk, 'durable'),
    replace: (tables) => {
      // After whatever is being undone.
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
    this.server = new VirtualServer(this.time, this.random.fork('server'), options.policy ?? { receipts: { groups: true } });
  }

  /** Another device of a user. @param token what its app hands out; default: a good one that never ends. */
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

  /** Opens a tab on a device, and lets as much time pass as that takes. */
  open(device: VirtualDevice): Promise<VirtualTab> {
    return this.until(device.openTab());
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }

  /** Lets time pass until the promise settles. @throws what it rejects with; an `Error` after `withinMs` of virtual time. */
  until<T>(promise: Promise<T>, withinMs?: number): Promise<T> {
    return this.time.until(promise, withinMs);
  }
}

/** @throws {UsageError} `usage/invalid-option`, also for an option with an unknown name. */
export const createTestWorld = (options?: WorldOptions): TestWorld =>
  new TestWorld(readOptions(options, 'createTestWorld', { seed: 1, policy: 1, storage: 1 }, 'usage/invalid-option'));
