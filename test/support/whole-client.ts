/**
 * A whole client except for threads: the page's side of the bridge, the worker's side, account and engine over
 * IndexedDB, in virtual time. Messages between the two sides take no virtual time.
 */
import type { OutsideNote } from '../../src/store/loss-marker.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../src/testing/world.ts';
import { HostedAccount } from '../../src/worker/hosted-account.ts';
import { stepIdbIn } from './idb-in-world.ts';
import { connectPage, LocalWorker, settled } from './local-worker.ts';
import { openDevice, type WorldTab } from './on-tab.ts';

let names = 0;

/** Alice's phone: its pages, and the data beyond a page's life. */
export class Phone {
  readonly name = `tidemark:whole-${++names}`;
  private opened = 0;
  private noted: OutsideNote | undefined;
  private readonly ended = new Set<string>();

  constructor(
    private readonly world: TestWorld,
    readonly device: VirtualDevice,
  ) {}

  /** Opens a page, whose worker begins to boot in the next microtask. */
  open(setsAtStart = false) {
    let running: VirtualProcess | undefined;
    const page = connectPage(() => new LocalWorker(() => this.host((process) => (running = process))), setsAtStart);
    /** The browser closes or reloads the page: nothing of the page goes on. */
    const kill = (): void => {
      running?.kill();
      for (const worker of page.workers) worker.terminate();
    };
    return { ...page, kill };
  }

  private host(started: (process: VirtualProcess) => void) {
    return {
      life: () => undefined,
      start: async (config: Parameters<typeof HostedAccount.start>[0]): Promise<HostedAccount> => {
        const process = new VirtualProcess(this.world.time, `phone.${++this.opened}`);
        started(process);
        const ports = await this.device.ports(process);
        return HostedAccount.start(config, {
          name: this.name,
          open: () => openDiskStore(this.name, { clock: ports.clock }),
          removeUnseen: () => void indexedDB.deleteDatabase(this.name),
          note: {
            read: async () => this.noted,
            write: async (note) => void (this.noted = note),
            end: async (generations) => {
              for (const one of generations) this.ended.add(one);
              this.noted = undefined;
            },
            takeBack: async (generations) => generations.forEach((one) => void this.ended.delete(one)),
            isEnded: async (generation) => this.ended.has(generation),
          },
          page: { deviceId: async () => 'd', forgetDevice: async () => undefined, renewDevice: async () => 'd' },
          ports,
        });
      },
    };
  }
}

/** Bob's client, alice's phone, and the group `crew` of both. */
export const twoPeople = async (seed = 1): Promise<{ readonly world: TestWorld; readonly phone: Phone; readonly bob: WorldTab }> => {
  const world = createTestWorld({ seed });
  stepIdbIn(world.time);
  world.time.settle = settled;
  await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
  const [, bob] = await openDevice(world, 'bob');
  return { world, phone: new Phone(world, world.device('alice', 'phone')), bob };
};
