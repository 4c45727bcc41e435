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
import { filter, firstValueFrom, type Observable } from 'rxjs';
import type { ReceiptClient } from '../client/receipt-client.ts';
import type { Json } from '../model/message/message.ts';
import { requireId, type UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { StorePort } from '../ports/ports.ts';
import type { Directory } from '../server/groups/directory.ts';
import type { PolicyChange } from '../server/policy.ts';
import type { OnMessage } from '../server/push/host-pushes.ts';
import type { MemoryStore, MemoryStoreOptions } from '../server/store/memory/memory-store.ts';
import { createMemoryStore, MemoryDisk } from '../store/memory-store.ts';
import type { TabClientOptions } from './host-account.ts';
import { Person } from './person.ts';
import { SeededRandom } from './random.ts';
import { VirtualDevice } from './virtual-device.ts';
import type { VirtualTab } from './virtual-tab.ts';
import { VirtualDisk, type DiskOptions } from './virtual-disk.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { VirtualServer } from './virtual-server.ts';
import { VirtualTime } from './virtual-time.ts';

/** The options of `createTestWorld`. */
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
  /** Makes the server's database. Default: a store in memory that runs one transaction at a time. */
  readonly database?: (options: MemoryStoreOptions) => MemoryStore;
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

/** A world: one server, and the devices of its users, in virtual time. */
export class TestWorld {
  /** The randomness of the world. */
  readonly random: SeededRandom;
  /** The time of the world. */
  readonly time: VirtualTime;
  /** The server. */
  readonly server: VirtualServer;
  /** All devices, in the order of their making. */
  readonly devices: VirtualDevice[] = [];

  constructor(private readonly options: WorldOptions = {}) {
    this.random = new SeededRandom(String(options.seed ?? 1));
    this.time = new VirtualTime(this.random.fork('order'));
    const { policy = { receipts: { groups: true } }, directory, onMessage, database } = options;
    this.server = new VirtualServer(this.time, this.random.fork('server'), policy, directory, onMessage, database);
  }

  /**
   * Adds a device of a user.
   *
   * @param token the app's `getToken`; default: a valid token without end.
   * @param beside another account in the same browser profile: both share the network. Default: a device alone.
   */
  device(userId: UserId, name = `${userId}${this.devices.length}`, token?: () => Promise<string>, beside?: VirtualDevice): VirtualDevice {
    requireId(userId, 'userId');
    const disk = new VirtualDisk((this.options.storage ?? memoryStorage)(name));
    const device = new VirtualDevice({
      userId,
      name,
      time: this.time,
      random: this.random.fork(`device ${name}`),
      disk,
      network: beside?.network ?? new VirtualNetwork(this.server, this.random.fork(`network ${name}`)),
      token: token ?? (async () => this.server.token(userId)),
    });
    this.devices.push(device);
    return device;
  }

  /** Opens a tab on a device, and lets time pass until the tab is ready. */
  open(device: VirtualDevice): Promise<VirtualTab> {
    return this.until(device.openTab());
  }

  /**
   * Opens a tab on a device and gives its client: the `ReceiptClient` of the entry point `tidemark`, for the code of an app. The tab is the
   * last one of `device.tabs`: a test may hide it (`show(false)`), freeze it or kill it.
   *
   * @param options as for `createReceiptClient`.
   */
  client<Body = Json>(device: VirtualDevice, options?: TabClientOptions<Body>): ReceiptClient<Body> {
    return device.client(options);
  }

  /** A person on the other side, on a device of their own, with calls that let time pass until the server has them. */
  person<Body = Json>(userId: UserId): Person<Body> {
    return new Person<Body>(this.device(userId), this.time);
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }

  /**
   * Lets time pass until the promise settles, or until the stream emits an accepted value.
   *
   * @param accepts default: the first value of the stream is accepted, which is the current one.
   * @throws the error of the promise or of the stream; an `Error` after a minute of virtual time.
   */
  until<T>(stream: Observable<T>, accepts: (value: T) => boolean): Promise<T>;
  /** @param withinMs in virtual time; default: a minute. */
  until<T>(promise: Promise<T> | Observable<T>, withinMs?: number): Promise<T>;
  until<T>(from: Promise<T> | Observable<T>, how?: number | ((value: T) => boolean)): Promise<T> {
    const accepts = typeof how === 'function' ? how : (): boolean => true;
    const settled = from instanceof Promise ? from : firstValueFrom(from.pipe(filter(accepts)));
    return this.time.until(settled, typeof how === 'number' ? how : undefined);
  }

  /** Lets virtual time pass as real time does, for an app with timers of its own. @returns ends it; no other call may let time pass meanwhile. */
  run(): () => void {
    let last = performance.now();
    let isOver = false;
    const go = async (): Promise<void> => {
      while (!isOver) {
        const now = performance.now();
        await this.time.pass(now - last);
        last = now;
        await new Promise((resolve) => void setTimeout(resolve, 5));
      }
    };
    void go();
    return () => void (isOver = true);
  }
}

/** @throws {UsageError} `usage/invalid-option`, also for an option with an unknown name. */
export const createTestWorld = (options?: WorldOptions): TestWorld =>
  new TestWorld(
    readOptions(
      options,
      'createTestWorld',
      { seed: 1, policy: 1, directory: 1, onMessage: 1, storage: 1, database: 1 },
      'usage/invalid-option',
    ),
  );
