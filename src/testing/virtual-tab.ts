/** A tab of a virtual device: its calls, and what may happen to it. */
import type { Observable } from 'rxjs';
import type { Engine } from '../engine/engine.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import type { Lane } from './lane.ts';

/** One tab with its engine. What is asked of a tab that dies is never answered. */
export class VirtualTab {
  private engine: Engine | null = null;
  private readonly ready: Promise<void>;
  private tellReady: () => void = () => undefined;
  /** Another tab logged out. */
  isLoggedOut = false;

  constructor(
    readonly lane: Lane,
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

  /** Its page is there, whether its engine is up yet or not. */
  get isOpen(): boolean {
    return this.lane.alive && !this.isLoggedOut;
  }

  get isReady(): boolean {
    return this.engine !== null && this.isOpen;
  }

  /** One call of the engine's, as the page makes it. */
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

  /** For a tab that is ready. */
  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.engine!.watch(topic);
  }

  async logOut(options: LogOut): Promise<void> {
    await this.ready;
    await this.engine!.logOut(options);
    this.isLoggedOut = true;
    if (!options.keepData) await this.removeAccount();
    this.lane.kill();
  }

  /** What the page tells of itself. */
  life(event: LifeEvent): void {
    this.lane.run(() => {
      for (const listener of [...this.listeners]) listener(event);
    });
  }

  freeze(): void {
    this.lane.freeze();
  }

  thaw(): void {
    this.lane.thaw();
    this.lane.later(0, 'resumed', () => this.life('resumed'));
  }

  /** Gone between two instructions: nothing it had under way goes on. */
  kill(): void {
    this.lane.kill();
  }

  /** Closed by the app: as `close()` of the client. */
  async close(): Promise<void> {
    await this.engine?.close();
    this.lane.kill();
  }
}
