/** One browser profile of one account: a disk, its tabs, a service worker, and the road to the server. */
import { Engine } from '../engine/engine.ts';
import { enterOrWipe, readAccount } from '../engine/account/enter-account.ts';
import { sendPending } from '../engine/headless/send-pending.ts';
import { withAccount } from '../engine/headless/with-account.ts';
import { LoggedOutError } from '../engine/write/log-header.ts';
import { Writer } from '../engine/write/writer.ts';
import { AuthError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { Retention } from '../model/retention.ts';
import type { BusHint, LifeEvent, Ports } from '../ports/ports.ts';
import type { ReceiptSettings } from '../log/log-record.ts';
import { Lane } from './lane.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualDisk } from './virtual-disk.ts';
import { VirtualLocks } from './virtual-locks.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import { VirtualTab } from './virtual-tab.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Log } from '../logging.ts';

const LOCK = 'lead';
const TOKEN_TIMEOUT_MS = 20_000;

export interface DeviceOptions {
  readonly userId: UserId;
  /** Names the device in traces, and its tabs. */
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly disk: VirtualDisk;
  readonly network: VirtualNetwork;
  /** What the app hands its tabs; rejects where it has none. */
  readonly token: () => Promise<string>;
}

/** What may go wrong at a named place of the engine: it throws, or says that something rare happens now. */
export type FaultSite = (site: string, lane: Lane) => boolean | undefined;

export class VirtualDevice {
  readonly userId: UserId;
  readonly name: string;
  readonly disk: VirtualDisk;
  readonly network: VirtualNetwork;
  readonly locks = new VirtualLocks();
  readonly tabs: VirtualTab[] = [];
  /** As the account's row in the store has it; a new one after a log-out. */
  deviceId: string;
  /** How far its wall clock is off, ms. */
  skewMs = 0;
  /** Chance that a hint between tabs is lost, comes twice, or late. */
  busLoss = 0;
  fault: FaultSite = () => undefined;
  log: Log = () => undefined;
  private readonly ears = new Map<Lane, Set<(hint: BusHint) => void>>();
  private opened = 0;
  private hints = 0;
  private serviceWorker: Lane | null = null;

  constructor(private readonly options: DeviceOptions) {
    this.userId = options.userId;
    this.name = options.name;
    this.disk = options.disk;
    this.network = options.network;
    this.deviceId = `${options.name}-0`;
  }

  /** Ms since the beginning. */
  get now(): number {
    return this.options.time.now;
  }

  get openTabs(): readonly VirtualTab[] {
    return this.tabs.filter((tab) => tab.isOpen);
  }

  private async ports(lane: Lane, life: Ports['life']): Promise<Ports> {
    const { random } = this.options;
    const chance = random.fork(lane.name);
    return {
      clock: lane.clock,
      random: { next: () => chance.next(), id: () => chance.id() },
      store: await this.disk.open(lane),
      net: this.network.port(lane),
      locks: this.locks.port(lane),
      bus: {
        post: (hint) => {
          if (!lane.alive) return;
          for (const [other, heard] of this.ears) {
            if (other === lane) continue;
            const times = chance.chance(this.busLoss) ? chance.pick([0, 2]) : 1;
            // In order, unless things go wrong: what comes later in the same moment is later by a trifle.
            const late = chance.chance(this.busLoss) ? chance.exponential(50) : 0;
            const ms = 1 + late + (this.hints++ % 1000) * 1e-6;
            for (let i = 0; i < times; i++)
              for (const hear of heard) other.later(ms, `hears ${hint.type}`, () => void (heard.has(hear) && hear(hint)));
          }
        },
        listen: (fn) => {
          const heard = this.ears.get(lane) ?? new Set();
          this.ears.set(lane, heard);
          heard.add(fn);
          lane.onEnd(() => this.ears.delete(lane));
          return () => void heard.delete(fn);
        },
      },
      life,
      token: {
        getToken: () =>
          new Promise((resolve, reject) => {
            const fail = (): void => reject(new AuthError('auth/unavailable', 'getToken failed; it is asked again later'));
            const cancel = lane.later(TOKEN_TIMEOUT_MS, 'has no token', fail);
            this.options.token().then(
              (token) =>
                lane.later(1, 'has a token', () => {
                  cancel();
                  resolve(token);
                }),
              () =>
                lane.later(1, 'was given no token', () => {
                  cancel();
                  fail();
                }),
            );
          }),
      },
      fault: (site) => (lane.alive ? this.fault(site, lane) : undefined),
      log: (level, event, details) => this.log(level, event, { tab: lane.name, ...details }),
    };
  }

  /**
   * Opens a tab. Rejects as the engine does, where the store refuses.
   *
   * @param settings as given to `createReceiptClient`
   */
  async openTab(settings: Partial<ReceiptSettings> = {}, retention: Retention = {}): Promise<VirtualTab> {
    readOptions(settings, 'openTab: settings', { deliveryReceipts: 1, readReceipts: 1 });
    readOptions(retention, 'openTab: retention', { messagesPerConversation: 1, days: 1 });
    const lane = new Lane(this.options.time, `${this.name}.${++this.opened}`, () => this.skewMs);
    const listeners = new Set<(event: LifeEvent) => void>();
    const tab = new VirtualTab(lane, listeners, () => this.removeAccount());
    // Known before it is ready: it may die on its way.
    this.tabs.push(tab);
    const gone = new Promise<never>((_, reject) => lane.onEnd(() => reject(new Error(`${lane.name} died on its way`))));
    const opened = this.start(tab, lane, listeners, settings, retention);
    return Promise.race([opened, gone]);
  }

  private async start(
    tab: VirtualTab,
    lane: Lane,
    listeners: Set<(event: LifeEvent) => void>,
    settings: Partial<ReceiptSettings>,
    retention: Retention,
  ): Promise<VirtualTab> {
    try {
      const ports = await this.ports(lane, {
        listen: (fn) => {
          listeners.add(fn);
          return () => void listeners.delete(fn);
        },
      });
      const { userId } = this;
      await enterOrWipe(ports.store, { userId, deviceId: this.deviceId }, async () => {
        await this.removeAccount();
        return { store: ports.store, deviceId: this.deviceId };
      });
      tab.start(await Engine.open(ports, { userId, deviceId: this.deviceId }, LOCK, settings, retention));
      return tab;
    } catch (error) {
      lane.kill();
      throw error;
    }
  }

  /** The database goes, and with it the device's name. */
  async removeAccount(): Promise<void> {
    this.deviceId = `${this.name}-${this.options.random.below(2 ** 31)}`;
    await this.disk.wipe();
  }

  /** What Background Sync does: drains the outbox without a page. Rejects where the browser should come back later. */
  async sync(): Promise<void> {
    if (this.serviceWorker?.alive) return;
    const lane = new Lane(this.options.time, `${this.name}.sw${++this.opened}`, () => this.skewMs);
    this.serviceWorker = lane;
    try {
      const ports = await this.ports(lane, { listen: () => () => undefined });
      const account = await readAccount(ports.store);
      if (!account) return;
      await withAccount(ports, account, LOCK, (open) => sendPending(open));
    } catch (error) {
      if (!(error instanceof LoggedOutError)) throw error;
    } finally {
      lane.kill();
    }
  }

  /** Somebody takes the lead, number and all, and lets go of it at once: whoever led hears of it late. */
  async stealLead(): Promise<void> {
    const lane = new Lane(this.options.time, `${this.name}.thief${++this.opened}`);
    try {
      const ports = await this.ports(lane, { listen: () => () => undefined });
      if (!(await readAccount(ports.store))) return;
      const writer = await Writer.open(ports, this.userId);
      const release = this.locks.steal(lane, LOCK);
      await writer.takeFence();
      release();
    } finally {
      lane.kill();
    }
  }

  /** Who holds the lead, as its locks have it. */
  get leader(): Lane | undefined {
    return this.locks.holder(LOCK);
  }

  /** Every tab dies at once, and the service worker with them. */
  killAll(): void {
    for (const tab of this.openTabs) tab.kill();
    this.serviceWorker?.kill();
  }

  /** Power is lost: nothing runs any more, and the newest commits that were not flushed are gone. @param count of them. */
  async losePower(count: number): Promise<void> {
    this.killAll();
    await this.disk.losePower(count);
  }

  /** The browser takes the storage away. */
  async wipe(): Promise<void> {
    this.killAll();
    await this.removeAccount();
  }
}
