/** The page's side of the bridge: requests cross in the order in which they were made, calls side by side as one message. */
import type * as Comlink from 'comlink';
import { type ReceiptsError, UsageError, WorkerError } from '../errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { LifeEvent } from '../ports/ports.ts';
import { fromWireError } from './error-transfer.ts';
import { RequestQueue } from './request-queue.ts';
import { StreamPort } from './streams.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';
import { WorkerLife } from './worker-life.ts';
import { type LivesClock, WorkerLives } from './worker-lives.ts';
import type { WorkerSource } from './worker-source.ts';
import { errorDetails, type Log } from '../logging.ts';

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
  private readonly requests: RequestQueue;
  /** Intents that cross together, while the last request is an intent that waits. */
  private batch: Waiting[] | null = null;

  /**
   * @param source of the first worker, in the next microtask, and of each that follows one that died.
   * @param setsAtStart `config` changes stored settings, which is a request like any other: the first, in force once a worker runs.
   * @param config `isFirst`: no worker has run yet, so that what the app set at its start is not set again over what was set since.
   */
  constructor(
    source: WorkerSource,
    config: (isFirst: boolean) => Promise<WorkerConfig>,
    page: PageSide,
    setsAtStart = false,
    clock: LivesClock = pageClock,
  ) {
    const log: Log = (...record) => void page.log(...record).catch(() => undefined);
    const make = (died: (error: ReceiptsError) => void): WorkerLife =>
      new WorkerLife(source.make(), config(!this.hasStarted), page, clock.timer, died);
    const context = {
      begun: (life: WorkerLife) => this.streams.attach(life.port),
      up: (life: WorkerLife) => {
        this.hasStarted = true;
        log('debug', 'worker-started');
        for (const event of this.told.values()) life.tell((api) => api.life(event));
      },
      gone: (error: ReceiptsError) => {
        this.streams.detach();
        if (error.code !== 'store/closed') log('warn', 'worker-ended', errorDetails(error));
        // Logged out by another tab while this one started.
        if (error.code === 'store/closed') this.streams.end();
      },
    };
    this.lives = new WorkerLives(make, source, context, clock);
    this.requests = new RequestQueue(() => this.lives.current);
    this.started = this.lives.up();
    if (setsAtStart) this.request(async () => undefined).catch(() => undefined);
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
      const waiting: Waiting = { call: { do: name, args } as IntentCall, resolve, reject };
      // It joins the calls just before it: a hundred callers cost one crossing and one transaction.
      if (this.batch) this.batch.push(waiting);
      else this.beginBatch(waiting);
    }) as Promise<ReturnType<Intents[K]>>;
  }

  private beginBatch(first: Waiting): void {
    const batch = [first];
    const crossing = this.requests.add(async (life) => {
      if (this.batch === batch) this.batch = null;
      const calls = JSON.stringify(batch.map(({ call }) => call));
      return this.answered(life, (api) => api.intents(calls));
    });
    this.batch = batch;
    crossing.then(
      (text) => {
        const outcomes = JSON.parse(text) as readonly Outcome[];
        batch.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i];
          if (!outcome) reject(new WorkerError('worker/restarted', 'the worker gave no answer'));
          else if (outcome.error) reject(fromWireError(outcome.error));
          else resolve(outcome.value);
        });
      },
      (error: unknown) => {
        if (this.batch === batch) this.batch = null;
        for (const { reject } of batch) reject(error);
      },
    );
  }

  /** Anything but an intent: what is called after it crosses after it. */
  private request<T>(ask: (life: WorkerLife) => Promise<T>, mayEnd = false): Promise<T> {
    this.batch = null;
    return this.requests.add(ask, mayEnd);
  }

  /** What was shown before the answer was given is shown here first: streams and calls cross on ports of their own (I-16). */
  private async answered<T>(life: WorkerLife, ask: (api: Api) => Promise<Answered<T>>): Promise<T> {
    const { answer, after } = await life.call(ask);
    // What its last messages did not bring, the next worker's first one does.
    if (!life.isOver) await new Promise<void>((shown) => this.streams.after(after, shown));
    return answer;
  }

  async query<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    const call = { do: name, args } as QueryCall;
    return unwrap(await this.request((life) => this.answered(life, (api) => api.query(call)))) as ReturnType<Queries[K]>;
  }

  life(event: LifeEvent): void {
    if (event === 'visible' || event === 'hidden') this.told.set('view', event);
    if (event === 'online' || event === 'offline') this.told.set('network', event);
    this.lives.tell((api) => api.life(event));
  }

  logOut(options: LogOut): Promise<void> {
    return this.request((life) => this.leave(life, options), true);
  }

  private async leave(life: WorkerLife, options: LogOut): Promise<void> {
    this.leaving = true;
    try {
      unwrap(await this.askToLeave(life, options));
      this.streams.end();
    } finally {
      this.leaving = false;
      if (this.streams.isOver) this.finish();
    }
  }

  /** Asked again where the worker died over it: the next worker must not log in again a user who is leaving. */
  private async askToLeave(life: WorkerLife, options: LogOut): Promise<Outcome> {
    try {
      return await life.call((api) => api.logOut(options));
    } catch (error) {
      if (!(error instanceof WorkerError) || error.code !== 'worker/restarted') throw error;
      return (await this.lives.current).call((api) => api.logOut(options));
    }
  }

  /** Each call that still waits for an answer is told that none comes. */
  private finish(): void {
    this.streams.end();
    this.lives.end(new UsageError('usage/closed', 'this client was closed, or its account logged out; create another one'));
  }

  /** Resolves when every request made before it is in force and answered, and the worker has ended. */
  async close(): Promise<void> {
    // Nothing waits for a worker that is still booting: it ends at once.
    if (this.requests.isIdle && !this.isUp) return this.finish();
    const close = async (life: WorkerLife): Promise<void> => {
      await this.answered(life, (api) => api.close()).catch(() => undefined);
      this.finish();
    };
    // Where no worker runs, there is none to close.
    await this.request(close, true).catch(() => this.finish());
  }
}
