/** A tab of a virtual device: its calls, and the events of its page. */
import { Observable } from 'rxjs';
import type { Hosted } from '../bridge/expose.ts';
import type { Engine } from '../engine/engine.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Topic, TopicValue } from '../model/api/topic.ts';
import type { LifeEvent, Ports } from '../ports/ports.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** One tab with its account. A tab that dies never answers its open calls. */
export class VirtualTab {
  /** The engine of a tab that is ready and has no client. For tests of the engine: the engine is no public interface. */
  engine: Engine | null = null;
  private account: Hosted | null = null;
  /** Resolves when the tab's account is open. Stays pending if the tab dies first. */
  readonly ready: Promise<void>;
  private tellReady: () => void = () => undefined;
  /** Resolves when another tab has logged out. */
  readonly loggedOut: Promise<void>;
  private tellLoggedOut: () => void = () => undefined;
  /** True after a log-out by any tab. */
  isLoggedOut = false;
  private isShown = true;
  private readonly listeners = new Set<(event: LifeEvent) => void>();
  /** The page's events, for the tab's account. */
  readonly events: Ports['life'] = {
    listen: (fn) => {
      this.listeners.add(fn);
      return () => void this.listeners.delete(fn);
    },
  };
  private readonly lookers = new Set<() => void>();

  constructor(
    /** The process of the tab. */
    readonly process: VirtualProcess,
    /** Called after a log-out that keeps no data. */
    private readonly removeAccount: () => Promise<void> = async () => undefined,
  ) {
    this.ready = new Promise((resolve) => (this.tellReady = resolve));
    this.loggedOut = new Promise((resolve) => (this.tellLoggedOut = resolve));
  }

  /** Gives the tab its account; the world does this by itself. */
  start(account: Hosted): void {
    this.account = account;
    void account.loggedOut.then(() => {
      this.isLoggedOut = true;
      this.tellLoggedOut();
    });
    this.tellReady();
  }

  /** True while the page is open, also before the engine is ready. */
  get isOpen(): boolean {
    return this.process.alive && !this.isLoggedOut;
  }

  /** True if the tab's account is open. */
  get isReady(): boolean {
    return this.account !== null && this.isOpen;
  }

  /** Makes a call of the account, like the page. */
  async intent(call: IntentCall): Promise<unknown> {
    await this.ready;
    return this.account!.intent(call);
  }

  /** Makes a call of the account, by its name. */
  do<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return this.intent({ do: name, args } as IntentCall) as Promise<ReturnType<Intents[K]>>;
  }

  /** Asks a question of the account, like the page. */
  async query(call: QueryCall): Promise<unknown> {
    await this.ready;
    return this.account!.query(call);
  }

  /** Asks a question of the account, by its name. */
  ask<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return this.query({ do: name, args } as QueryCall) as Promise<ReturnType<Queries[K]>>;
  }

  /** Watches a topic. The tab must be ready. */
  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    const account = this.account!;
    return new Observable((subscriber) =>
      account.watch(topic, {
        next: (value) => subscriber.next(value as TopicValue[T['of']]),
        failed: (error) => subscriber.error(error),
        ended: () => subscriber.complete(),
      }),
    );
  }

  /** Logs the account out, like the page. */
  async logOut(options: LogOut): Promise<void> {
    await this.ready;
    await this.account!.logOut(options);
    this.isLoggedOut = true;
    if (!options.keepData) await this.removeAccount();
    this.process.kill();
  }

  /** Passes a lifecycle event of the page to the account. */
  life(event: LifeEvent): void {
    this.process.run(() => {
      for (const listener of [...this.listeners]) listener(event);
    });
  }

  /** The user sees the page, or ceases to see it. At first the page is shown. */
  show(isShown: boolean): void {
    this.isShown = isShown;
    this.life(isShown ? 'visible' : 'hidden');
    for (const look of [...this.lookers]) this.process.run(look);
  }

  /** True if the user sees the page. */
  isViewed(): boolean {
    return this.isShown;
  }

  /** Calls `fn` after each call of {@link VirtualTab.show}. @returns stops it. */
  onShow(fn: () => void): () => void {
    this.lookers.add(fn);
    return () => void this.lookers.delete(fn);
  }

  /** Freezes the tab, as browsers do with hidden tabs. */
  freeze(): void {
    this.process.freeze();
  }

  /** Thaws the tab. */
  thaw(): void {
    this.process.thaw();
    this.process.later(0, 'resumed', () => this.life('resumed'));
  }

  /** Kills the tab between two steps: no work of the tab goes on. */
  kill(): void {
    this.process.kill();
  }

  /** Closes the tab like the client's `close()`. */
  async close(): Promise<void> {
    await this.account?.close();
    this.process.kill();
  }
}
