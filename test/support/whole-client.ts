/**
 * A whole client except for threads: the page's side of the bridge, the worker's side, account and engine over
 * IndexedDB. The test can cut the network.
 */
import { firstValueFrom } from 'rxjs';
import type { WorkerConnection } from '../../src/bridge/connect.ts';
import { browserClock } from '../../src/platform/browser-ports.ts';
import type { Topic, TopicValue } from '../../src/model/topic.ts';
import type { OutsideNote } from '../../src/store/loss-marker.ts';
import { openDexieStore } from '../../src/store/dexie-store.ts';
import { HostedAccount } from '../../src/worker/hosted-account.ts';
import { connectPage, LocalWorker } from './local-worker.ts';
import { createTestServer, LoopbackNet, TestDevice, TestLocks, type TestTab } from './loopback.ts';

let names = 0;

/** Alice's phone: one page at a time, and the data that outlives a page. */
export class Phone {
  readonly name = `tidemark:whole-${++names}`;
  readonly locks = new TestLocks();
  readonly accounts: HostedAccount[] = [];
  private noted: OutsideNote | undefined;
  private readonly ended = new Set<string>();

  constructor(readonly net: LoopbackNet) {}

  /** Opens a page, whose worker begins to boot in the next microtask. */
  open(setsAtStart = false) {
    return connectPage(() => new LocalWorker(() => this.host()), setsAtStart);
  }

  private host() {
    return {
      life: () => undefined,
      start: async (config: Parameters<typeof HostedAccount.start>[0]): Promise<HostedAccount> => {
        const account = await HostedAccount.start(config, {
          name: this.name,
          open: () => openDexieStore(this.name, { clock: browserClock }),
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
          ports: {
            clock: browserClock,
            random: { next: () => Math.random(), id: () => `id-${++names}` },
            net: this.net,
            locks: this.locks,
            bus: { post: () => undefined, listen: () => () => undefined },
            life: { listen: () => () => undefined },
            token: { getToken: async () => 'token-of-alice' },
            fault: () => undefined,
            log: () => undefined,
          },
        });
        this.accounts.push(account);
        return account;
      },
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.accounts.map((account) => account.close()));
  }
}

export const now = <T extends Topic>(connection: WorkerConnection, topic: T): Promise<TopicValue[T['of']]> =>
  firstValueFrom(connection.streams.watch(topic));

/** Bob's client, alice's phone, and the group `crew` of both. */
export const twoPeople = async (): Promise<{
  readonly phone: Phone;
  readonly bob: TestTab;
  readonly net: LoopbackNet;
  end(): Promise<void>;
}> => {
  const server = createTestServer();
  await server.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] });
  const net = new LoopbackNet(server);
  const bob = await new TestDevice('bob', new LoopbackNet(server)).open();
  const phone = new Phone(net);
  return {
    phone,
    bob,
    net,
    async end() {
      bob.close();
      await phone.end();
    },
  };
};
