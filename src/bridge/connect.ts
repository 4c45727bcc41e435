/** The page's side of the bridge: calls made in one turn cross as one, errors come back as our classes. */
import type * as Comlink from 'comlink';
import { type ReceiptsError, UsageError, WorkerError } from '../errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { LifeEvent } from '../ports/ports.ts';
import { fromWireError } from './error-transfer.ts';
import { StreamPort } from './streams.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';
import { WorkerLife } from './worker-life.ts';
import { type LivesClock, WorkerLives } from './worker-lives.ts';

type Api = Comlink.Remote<WorkerApi>;

const unwrap = (outcome: Outcome): unknown => {
  if (outcome.error) throw fromWireError(outcome.error);
  return outcome.value;
};

const pageClock: LivesClock = {
  timer(ms, fn) {
    const handle = setTimeout(fn, ms);
    return () => clearTimeout(handle);
  },
  random: () => Math.random(),
};

interface Waiting {
  readonly call: IntentCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerConnection {
  readonly streams = new StreamPort();
  /** Resolves when a worker has opened its store for the first time; never where none does. */
  readonly started: Promise<void>;
  private readonly lives: WorkerLives;
  /** Of each kind the last, for the worker that comes next. */
  private readonly told = new Map<'view' | 'network', LifeEvent>();
  private hasStarted = false;
  private leaving = false;
  private turn: Waiting[] = [];

  /**
   * @param makeWorker called for the first worker and for each that follows one that died.
   * @param config `isFirst`: no worker has run yet, so that what the app set at its start is not set again over what was set since.
   */
  constructor(
    makeWorker: () => Worker,
    config: (isFirst: boolean) => Promise<WorkerConfig>,
    page: PageSide,
    clock: LivesClock = pageClock,
  ) {
    const make = (died: (error: ReceiptsError) => void): WorkerLife =>
      new WorkerLife(makeWorker(), config(!this.hasStarted), page, clock.timer, died);
    const around = {
      begun: (life: WorkerLife) => this.streams.attach(life.port),
      up: (life: WorkerLife) => {
        this.hasStarted = true;
        for (const event of this.told.values()) life.tell((api) => api.life(event));
      },
      gone: (error: ReceiptsError) => {
        this.streams.detach();
        // Logged out by another tab while this one started.
        if (error.code === 'store/closed') this.streams.end();
      },
    };
    this.lives = new WorkerLives(make, around, clock);
    this.started = this.lives.up();
    // Another tab logged out; this one's own call hears its answer first.
    void this.streams.over.then(() => {
      if (!this.leaving) this.finish();
    });
  }

  /** Why no worker runs, where the last that was tried did not start. */
  get trouble$(): WorkerLives['trouble$'] {
    return this.lives.trouble$;
  }

  get isUp(): boolean {
    return this.lives.isRunning;
  }

  /** Resolves when a worker runs: at once, or when one does again. */
  up(): Promise<void> {
    return this.lives.up();
  }

  intent<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return new Promise<unknown>((resolve, reject) => {
      this.turn.push({ call: { do: name, args } as IntentCall, resolve, reject });
      // What follows in this turn joins: a hundred callers cost one crossing and one transaction.
      if (this.turn.length === 1) queueMicrotask(() => this.cross());
    }) as Promise<ReturnType<Intents[K]>>;
  }

  private cross(): void {
    const waiting = this.turn;
    this.turn = [];
    const calls = waiting.map(({ call }) => call);
    this.answered((api) => api.intents(JSON.stringify(calls))).then(
      (text) => {
        const outcomes = JSON.parse(text) as readonly Outcome[];
        waiting.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i];
          if (!outcome) reject(new WorkerError('worker/restarted', 'the worker gave no answer'));
          else if (outcome.error) reject(fromWireError(outcome.error));
          else resolve(outcome.value);
        });
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }

  /** What was shown before the answer was given is shown here first: streams and calls cross on ports of their own (I-16). */
  private async answered<T>(ask: (api: Api) => Promise<Answered<T>>): Promise<T> {
    const life = await this.lives.current;
    const { answer, after } = await life.call(ask);
    // What its last messages did not bring, the next worker's first one does.
    if (!life.isOver) await new Promise<void>((shown) => this.streams.after(after, shown));
    return answer;
  }

  async query<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return unwrap(await this.answered((api) => api.query({ do: name, args } as QueryCall))) as ReturnType<Queries[K]>;
  }

  life(event: LifeEvent): void {
    if (event === 'visible' || event === 'hidden') this.told.set('view', event);
    if (event === 'online' || event === 'offline') this.told.set('network', event);
    this.lives.tell((api) => api.life(event));
  }

  async logOut(options: LogOut): Promise<void> {
    this.leaving = true;
    try {
      unwrap(await this.askToLeave(options));
      this.streams.end();
    } finally {
      this.leaving = false;
      if (this.streams.isOver) this.finish();
    }
  }

  /** Asked again where the worker died over it: whoever leaves must not find themselves logged in again by the next one. */
  private async askToLeave(options: LogOut): Promise<Outcome> {
    const ask = async (): Promise<Outcome> => (await this.lives.current).call((api) => api.logOut(options));
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof WorkerError) || error.code !== 'worker/restarted') throw error;
      return ask();
    }
  }

  /** Whoever still waits for an answer is told that none comes. */
  private finish(): void {
    this.lives.end(new UsageError('usage/closed', 'this client was closed, or its account logged out; create another one'));
  }

  async close(): Promise<void> {
    try {
      await (await this.lives.current).call((api) => api.close());
    } catch {
      // No worker: nothing to close.
    }
    this.streams.end();
    this.finish();
  }
}
