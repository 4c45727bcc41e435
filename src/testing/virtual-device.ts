/** A device: one browser profile of one account, with a disk, tabs, a service worker, and a network to the server. */
import { Engine } from '../engine/engine.ts';
import { enterOrWipe, readAccount } from '../engine/account/enter-account.ts';
import { sendPending } from '../engine/headless/send-pending.ts';
import { withAccount } from '../engine/headless/with-account.ts';
import { LoggedOutError } from '../engine/write/log-header.ts';
import { Writer } from '../engine/write/writer.ts';
import { AuthError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { Retention } from '../model/api/retention.ts';
import { TOKEN_TIMEOUT_MS, type Ports } from '../ports/ports.ts';
import type { ReceiptSettings } from '../model/message/receipt-settings.ts';
import { VirtualBus } from './virtual-bus.ts';
import { VirtualProcess } from './virtual-process.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualDisk } from './virtual-disk.ts';
import { VirtualLocks } from './virtual-locks.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import { VirtualTab } from './virtual-tab.ts';
import type { VirtualTime } from './virtual-time.ts';
import { errorDetails, type Log } from '../logging.ts';
import type { NoteKeeper } from '../store/loss-marker.ts';
import type { Json } from '../model/message/message.ts';
import { DeviceEncryption, NO_LIFE } from './device-encryption.ts';
import type { ReceiptClient } from '../client/receipt-client.ts';
import { hostAccount, LOCK, readTabClientOptions, type TabClientOptions } from './host-account.ts';
import { MemoryNote } from './memory-note.ts';
import { clientInTab } from './tab-client.ts';
import { takePushOn, type VirtualNotification } from './virtual-push.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { ReceiptSyncOptions } from '../service-worker/options.ts';

export interface DeviceOptions {
  readonly userId: UserId;
  /** The name of the device and the prefix of its tabs' names, for traces. */
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly disk: VirtualDisk;
  readonly network: VirtualNetwork;
  /** The app's `getToken`. Rejects if the app has no token. */
  readonly token: () => Promise<string>;
}

/** A fault at a named place of the engine: throws, or returns true to trigger a rare event. */
export type FaultSite = (site: string, process: VirtualProcess) => boolean | undefined;

/** A device of a user: its disk, its network, its tabs and its service worker. */
export class VirtualDevice {
  /** The user. */
  readonly userId: UserId;
  /** The device's name in the world. */
  readonly name: string;
  /** The device's storage. {@link VirtualDisk.trouble} makes it fail. */
  readonly disk: VirtualDisk;
  /** The device's network: `offline()`, `online()`, conditions and trouble. */
  readonly network: VirtualNetwork;
  /** The Web Locks of the browser. */
  readonly locks = new VirtualLocks();
  /** The notifications that the service worker shows, oldest first. */
  readonly notifications: VirtualNotification[] = [];
  /** The note about the store, which a wipe of the whole profile removes too. */
  note: NoteKeeper = new MemoryNote();
  /** All tabs that were opened, the newest last, closed ones too. */
  readonly tabs: VirtualTab[] = [];
  /** The device id, as in the account's record of the store. A log-out makes a new one. */
  deviceId: string;
  /** The error of the wall clock, in milliseconds. */
  skewMs = 0;
  /** The chance of a lost, doubled or late hint between tabs. */
  busLoss = 0;
  /** Called at named places of the engine: throws, or returns true for a rare event. For tests of the engine. */
  fault: FaultSite = () => undefined;
  /** Takes the log of the device. Default: dropped. */
  log: Log = () => undefined;
  /** Changes the ports of a process before its code gets them. For tests of the engine: the ports are no public interface. */
  changePorts: (ports: Ports, process: VirtualProcess) => Ports = (ports) => ports;
  private readonly bus = new VirtualBus();
  private opened = 0;
  private serviceWorker: VirtualProcess | null = null;
  /** Encryption at rest on this device: off, on, or switched while the test runs. */
  readonly encryption: DeviceEncryption;

  constructor(private readonly options: DeviceOptions) {
    this.encryption = new DeviceEncryption(options.name);
    ({ userId: this.userId, name: this.name, disk: this.disk, network: this.network } = options);
    this.deviceId = `${options.name}-0`;
    this.network.listeners.add((isOnline) => {
      for (const tab of this.openTabs) tab.life(isOnline ? 'online' : 'offline');
    });
  }
  /** Ms since the beginning. */
  get now(): number {
    return this.options.time.now;
  }
  /** The tabs that are open. */
  get openTabs(): readonly VirtualTab[] {
    return this.tabs.filter((tab) => tab.isOpen);
  }

  /** The ports of a tab, a service worker or other code that runs in a process of this device. */
  async ports(process: VirtualProcess, life: Ports['life'] = NO_LIFE): Promise<Ports> {
    const { random } = this.options;
    const chance = random.fork(process.name);
    const ports: Ports = {
      clock: process.clock,
      random: { next: () => chance.next(), id: () => chance.id() },
      store: await this.encryption.seal(await this.disk.open(process), process, life),
      net: this.network.port(process),
      locks: this.locks.port(process),
      bus: this.bus.port(process, chance, () => this.busLoss),
      life,
      token: {
        getToken: () =>
          new Promise((resolve, reject) => {
            const fail = (): void => reject(new AuthError('auth/unavailable', 'getToken failed; Tidemark asks again later'));
            const cancel = process.later(TOKEN_TIMEOUT_MS, 'has no token', fail);
            this.options.token().then(
              (token) =>
                process.later(1, 'has a token', () => {
                  cancel();
                  resolve(token);
                }),
              () =>
                process.later(1, 'was given no token', () => {
                  cancel();
                  fail();
                }),
            );
          }),
      },
      fault: (site) => (process.alive ? this.fault(site, process) : undefined),
      log: (level, event, details) => this.log(level, event, { tab: process.name, ...details }),
    };
    return this.changePorts(ports, process);
  }

  /**
   * Opens a tab. Rejects with the engine's error if the store refuses.
   *
   * @param settings the options `deliveryReceipts` and `readReceipts` of `createReceiptClient`
   */
  async openTab(settings: Partial<ReceiptSettings> = {}, retention: Retention = {}): Promise<VirtualTab> {
    readOptions(settings, 'openTab: settings', { deliveryReceipts: 1, readReceipts: 1 });
    readOptions(retention, 'openTab: retention', { messagesPerConversation: 1, days: 1, bytes: 1 });
    const tab = this.newTab(() => this.removeAccount());
    const { process } = tab;
    const gone = new Promise<never>((_, reject) => process.onEnd(() => reject(new Error(`${process.name} died on its way`))));
    return Promise.race([this.start(tab, settings, retention), gone]);
  }
  /** Adds a tab before its account is open: a test may kill the tab during the start. */
  private newTab(removeAccount?: () => Promise<void>): VirtualTab {
    const process = new VirtualProcess(this.options.time, `${this.name}.${++this.opened}`, () => this.skewMs);
    const tab = new VirtualTab(process, removeAccount);
    this.tabs.push(tab);
    return tab;
  }

  private async start(tab: VirtualTab, settings: Partial<ReceiptSettings>, retention: Retention): Promise<VirtualTab> {
    try {
      let ports = await this.ports(tab.process, tab.events);
      const { userId } = this;
      await enterOrWipe(ports.store, { userId, deviceId: this.deviceId }, async () => {
        await this.removeAccount();
        ports.store.close();
        ports = await this.ports(tab.process, tab.events);
        return { store: ports.store, deviceId: this.deviceId };
      });
      tab.engine = await Engine.open(ports, { userId, deviceId: this.deviceId }, LOCK, settings, retention);
      tab.start(tab.engine);
      return tab;
    } catch (error) {
      tab.kill();
      throw error;
    }
  }

  /**
   * Opens a tab and gives its client, which works as in a browser. The tab is the last one of {@link VirtualDevice.tabs}: a test may hide,
   * freeze or kill it.
   *
   * @throws {UsageError} `usage/invalid-option` for an option with an unknown name.
   */
  client<Body = Json>(options: TabClientOptions<Body> = {}): ReceiptClient<Body> {
    const { bodySchema, ...settings } = readTabClientOptions(options);
    const tab = this.newTab();
    const account = hostAccount(this, () => this.ports(tab.process, tab.events), settings);
    account.then(
      (hosted) => tab.start(hosted),
      (error: unknown) => {
        this.log('warn', 'store-not-opened', errorDetails(error));
        tab.kill();
      },
    );
    return clientInTab(this.userId, tab, bodySchema);
  }
  /** Deletes the database and gives the device a new id. */
  async removeAccount(): Promise<void> {
    this.renew();
    await this.disk.wipe();
  }
  /** Gives the device a new id. */
  renew(): string {
    return (this.deviceId = `${this.name}-${this.options.random.below(2 ** 31)}`);
  }
  /** Does the work of a Background Sync: sends the outbox without a page. Rejects if the browser should try again later. */
  async sync(): Promise<void> {
    await this.wake(async (process) => {
      const ports = await this.ports(process);
      const account = await readAccount(ports.store);
      if (account) await withAccount(ports, account, LOCK, (open) => sendPending(open));
    }).catch((error: unknown) => {
      if (!(error instanceof LoggedOutError)) throw error;
    });
  }

  /**
   * Brings a Web Push to the service worker, which shows the app's notification in {@link VirtualDevice.notifications}. Rejects with the first
   * failure, after all other work.
   *
   * @param notification as in `installReceiptSync`.
   */
  async push(push: PushFrame, notification?: ReceiptSyncOptions['notification']): Promise<void> {
    await this.wake(async (process) =>
      takePushOn(await this.ports(process), push, this.notifications, () => this.openTabs.length, notification),
    );
  }
  /** Starts the service worker for one task, and ends it then. @returns false if the service worker has another task. */
  async wake(task: (process: VirtualProcess) => Promise<void>): Promise<boolean> {
    if (this.serviceWorker?.alive) return false;
    const process = new VirtualProcess(this.options.time, `${this.name}.sw${++this.opened}`, () => this.skewMs);
    this.serviceWorker = process;
    try {
      await task(process);
      return true;
    } finally {
      process.kill();
    }
  }
  /** Takes the lock and the fencing token from the leader tab, and releases the lock at once. The old leader learns of it late. */
  async stealLead(): Promise<void> {
    const process = new VirtualProcess(this.options.time, `${this.name}.thief${++this.opened}`);
    try {
      const ports = await this.ports(process);
      if (!(await readAccount(ports.store))) return;
      const writer = await Writer.open(ports, this.userId, null);
      const release = this.locks.steal(process, LOCK);
      await writer.takeFence();
      release();
    } finally {
      process.kill();
    }
  }
  /** The holder of the leader lock. */
  get leader(): VirtualProcess | undefined {
    return this.locks.holder(LOCK);
  }

  /** Kills all tabs and the service worker at once. */
  killAll(): void {
    for (const tab of this.openTabs) tab.kill();
    this.serviceWorker?.kill();
  }

  /**
   * Cuts the power: kills everything, and takes back the newest commits without a flush. @param count the number of
   * such commits.
   */
  async losePower(count: number): Promise<void> {
    this.killAll();
    await this.disk.losePower(count);
  }

  /** Deletes the storage, like a browser under storage pressure. */
  async wipe(): Promise<void> {
    this.killAll();
    this.note = new MemoryNote();
    await this.removeAccount();
  }
}
