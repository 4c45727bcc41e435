/**
 * The bridge carries calls, streams and errors between a page and its worker. This file is the page's side: one
 * connection of one client. Requests reach the worker in the order in which the page made them. Intents of one turn
 * travel as one message.
 *
 *   page                                                     worker
 *   client ─call─▶ WorkerConnection ─▶ RequestQueue ─▶ WorkerLife ─Comlink─▶ exposeWorker ─▶ host
 *   client ◀─values─ StreamPort ◀──────────MessagePort──────────────────── serveStreams ◀─ host
 *                         Workers starts the first worker; WorkerLives starts the next one when a worker dies
 */
import type * as Comlink from 'comlink';
import { UsageError, WorkerError } from '../errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { LifeEvent } from '../ports/ports.ts';
import { fromWireError } from './error-transfer.ts';
import { RequestQueue } from './request-queue.ts';
import { StreamPort } from './streams.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';
import type { LivesClock } from './worker-host.ts';
import type { WorkerLife } from './worker-life.ts';
import type { WorkerSource } from './worker-source.ts';
import { Workers } from './workers.ts';
import type { Log } from '../logging.ts';

type Api = Comlink.Remote<WorkerApi>;

const unwrap = (outcome: Outcome): unknown => {
  if (outcome.error) throw fromWireError(outcome.error);
  return outcome.value;
};

/** JSON would make null of an optional argument that is undefined. Such arguments are the last ones. */
const withoutMissing = (args: readonly unknown[]): readonly unknown[] => args.filter((arg) => arg !== undefined);

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
  /** Resolves when a worker has opened its store for the first time. Stays pending if no worker ever does. */
  readonly started: Promise<void>;
  private readonly workers: Workers;
  /** The last event of each kind, for the next worker. */
  private readonly lastEvents = new Map<'view' | 'network', LifeEvent>();
  private hasStarted = false;
  private leaving = false;
  private readonly requests: RequestQueue;
  /** The newest batch of intents. Null once another request follows the batch or the batch has been posted. */
  private batch: Waiting[] | null = null;

  /**
   * @param source starts the first worker, in the next microtask, and a new worker after each death.
   * @param config gives the worker its settings. `isFirst` is true until a worker has run: later workers must not apply
   * the app's initial settings again, because the user may have changed them since.
   * @param page loads the page's answers to calls of a worker. A worker starts only with them.
   * @param setsAtStart `config` changes stored settings. The change counts as the first request, done once a worker
   * runs.
   */
  constructor(
    source: WorkerSource,
    config: (isFirst: boolean) => Promise<WorkerConfig>,
    page: () => Promise<PageSide>,
    log: Log,
    setsAtStart = false,
    clock: LivesClock = pageClock,
  ) {
    this.workers = new Workers({
      source,
      config: () => config(!this.hasStarted),
      page,
      clock,
      log,
      begun: (life) => this.streams.attach(life.port),
      up: (life) => {
        this.hasStarted = true;
        for (const event of this.lastEvents.values()) life.tell((api) => api.life(event));
      },
      gone: (error) => {
        this.streams.detach();
        // Another tab logged out while this worker started.
        if (error.code === 'store/closed') this.streams.end();
      },
    });
    this.requests = new RequestQueue(() => this.workers.current());
    this.started = this.workers.up();
    if (setsAtStart) this.request(async () => undefined).catch(() => undefined);
    // Another tab logged out. During this page's own log-out, `leave` answers the call first.
    void this.streams.over.then(() => {
      if (!this.leaving) this.finish();
    });
  }

  /** The reason why no worker runs, if the last start failed. */
  get trouble$(): Workers['trouble$'] {
    return this.workers.trouble$;
  }

  get isUp(): boolean {
    return this.workers.isRunning;
  }

  /** Resolves when a worker runs: at once, or after the next successful start. */
  up(): Promise<void> {
    return this.workers.up();
  }

  intent<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return new Promise<unknown>((resolve, reject) => {
      const waiting: Waiting = { call: { do: name, args: withoutMissing(args) } as IntentCall, resolve, reject };
      // An intent joins the batch of the calls just before: a hundred callers cost one message and one transaction.
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
          if (!outcome) reject(new WorkerError('worker/restarted', 'the worker gave no answer to this call; repeat the call'));
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

  /** Every request except an intent. Closing the batch keeps later intents behind this request. */
  private request<T>(ask: (life: WorkerLife) => Promise<T>, mayEnd = false): Promise<T> {
    this.batch = null;
    return this.requests.add(ask, mayEnd);
  }

  /**
   * Shows the values that the worker posted before its answer, then gives the answer. Streams and calls use separate
   * ports (I-16).
   */
  private async answered<T>(life: WorkerLife, ask: (api: Api) => Promise<Answered<T>>): Promise<T> {
    const { answer, after } = await life.call(ask);
    // If the worker has died, the first message of the next worker brings the missing values.
    if (!life.isOver) await new Promise<void>((shown) => this.streams.after(after, shown));
    return answer;
  }

  async query<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    const call = { do: name, args } as QueryCall;
    return unwrap(await this.request((life) => this.answered(life, (api) => api.query(call)))) as ReturnType<Queries[K]>;
  }

  life(event: LifeEvent): void {
    if (event === 'visible' || event === 'hidden') this.lastEvents.set('view', event);
    if (event === 'online' || event === 'offline') this.lastEvents.set('network', event);
    this.workers.tell((api) => api.life(event));
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

  /**
   * Repeats the log-out if the worker died during the first try. Without the repetition, the next worker would log the
   * user in again.
   */
  private async askToLeave(life: WorkerLife, options: LogOut): Promise<Outcome> {
    try {
      return await life.call((api) => api.logOut(options));
    } catch (error) {
      if (!(error instanceof WorkerError) || error.code !== 'worker/restarted') throw error;
      return (await this.workers.current()).call((api) => api.logOut(options));
    }
  }

  /** Ends the streams and rejects every call that still waits for an answer. */
  private finish(): void {
    this.streams.end();
    this.workers.end(new UsageError('usage/closed', 'this client was closed, or its account logged out; create another one'));
  }

  /** Resolves when every earlier request is done and answered, and the worker has ended. */
  async close(): Promise<void> {
    // A booting worker without requests is ended at once.
    if (this.requests.isIdle && !this.isUp) return this.finish();
    const close = async (life: WorkerLife): Promise<void> => {
      await this.answered(life, (api) => api.close()).catch(() => undefined);
      this.finish();
    };
    // The request rejects if no worker runs.
    await this.request(close, true).catch(() => this.finish());
  }
}
