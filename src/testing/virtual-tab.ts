/** A tab of a virtual device: its calls, and the events of its page. */
import { Observable } from 'rxjs';
import type { Engine } from '../engine/engine.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Topic, TopicValue } from '../model/api/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** One tab with its engine. A tab that dies never answers its open calls. */
export class VirtualTab {
  /** The engine of a tab that is ready. For tests of the engine: the engine is no public interface. */
  engine: Engine | null = null;
  private readonly ready: Promise<void>;
  private tellReady: () => void = () => undefined;
  /** True after a log-out by any tab. */
  isLoggedOut = false;

  constructor(
    readonly process: VirtualProcess,
    private readonly listeners: ReadonlySet<(event: LifeEvent) => void>,
    private readonly removeAccount: () => Promise<void>,
  ) {
    this.ready = new Promise((resolve) => (this.tellReady = resolve));
  }

  start(engine: Engine): void {
    this.engine = engine;
    void engine.loggedOut.then(() => {
      this.isLoggedOut = true;
    });
    this.tellReady();
  }

  /** True while the page is open, also before the engine is ready. */
  get isOpen(): boolean {
    return this.process.alive && !this.isLoggedOut;
  }

  get isReady(): boolean {
    return this.engine !== null && this.isOpen;
  }

  /** Makes a call of the engine, like the page. */
  async intent(call: IntentCall): Promise<unknown> {
    await this.ready;
    return this.engine!.intent(call);
  }

  do<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return this.intent({ do: name, args } as IntentCall) as Promise<ReturnType<Intents[K]>>;
  }

  async ask<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    await this.ready;
    return this.engine!.query({ do: name, args } as QueryCall) as Promise<ReturnType<Queries[K]>>;
  }

  /** Watches a topic. The tab must be ready. */
  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    const engine = this.engine!;
    return new Observable((subscriber) =>
      engine.watch(topic, {
        next: (value) => subscriber.next(value),
        failed: (error) => subscriber.error(error),
        ended: () => subscriber.complete(),
      }),
    );
  }

  async logOut(options: LogOut): Promise<void> {
    await this.ready;
    await this.engine!.logOut(options);
    this.isLoggedOut = true;
    if (!options.keepData) await this.removeAccount();
    this.process.kill();
  }

  /** Passes a lifecycle event of the page to the engine. */
  life(event: LifeEvent): void {
    this.process.run(() => {
      for (const listener of [...this.listeners]) listener(event);
    });
  }

  freeze(): void {
    this.process.freeze();
  }

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
    await this.engine?.close();
    this.process.kill();
  }
}
