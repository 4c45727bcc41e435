/** The page's side of the bridge: calls made in one turn cross as one, errors come back as our classes. */
import * as Comlink from 'comlink';
import { StoreError, UsageError, WorkerError } from '../errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { LifeEvent } from '../ports/ports.ts';
import { fromWireError, workerGone } from './error-transfer.ts';
import { StreamPort } from './streams.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';

const unwrap = (outcome: Outcome): unknown => {
  if (outcome.error) throw fromWireError(outcome.error);
  return outcome.value;
};

interface Waiting {
  readonly call: IntentCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerConnection {
  readonly streams: StreamPort;
  private readonly api: Comlink.Remote<WorkerApi>;
  /** Resolves when the worker has opened its store; rejects when it never came. Every call waits for it, so all hear of that. */
  readonly ready: Promise<unknown>;
  /** Those who wait for the worker, to be told should it end first. */
  private readonly waiting = new Set<(error: Error) => void>();
  private leaving = false;
  private turn: Waiting[] = [];

  constructor(
    private readonly worker: Worker,
    config: Promise<WorkerConfig>,
    page: PageSide,
  ) {
    this.api = Comlink.wrap<WorkerApi>(worker);
    const { port1, port2 } = new MessageChannel();
    this.streams = new StreamPort(port1);
    this.ready = new Promise((resolve, reject) => {
      this.waiting.add(reject);
      // Once it runs, an error is one of a single task, and the worker lives on: then this says nothing any more.
      worker.addEventListener('error', () => reject(workerGone()));
      config
        .then((given) => this.api.start(given, Comlink.proxy(page), Comlink.transfer(port2, [port2])))
        .then(unwrap)
        .then(resolve, reject);
    });
    this.ready.catch((error: unknown) => {
      // Logged out by another tab while this one started.
      if (error instanceof StoreError && error.code === 'store/closed') this.streams.end();
    });
    // Another tab logged out; this one's own call hears its answer first.
    void this.streams.over.then(() => {
      if (!this.leaving) this.finish();
    });
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
    this.answered(() => this.api.intents(JSON.stringify(calls))).then(
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

  private async unlessOver<T>(ask: () => Promise<T>): Promise<T> {
    await this.ready;
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      ask()
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject));
    });
  }

  /** What was shown before the answer was given is shown here first: streams and calls cross on ports of their own (I-16). */
  private async answered<T>(ask: () => Promise<Answered<T>>): Promise<T> {
    const { answer, after } = await this.unlessOver(ask);
    await new Promise<void>((shown) => this.streams.after(after, shown));
    return answer;
  }

  async query<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return unwrap(await this.answered(() => this.api.query({ do: name, args } as QueryCall))) as ReturnType<Queries[K]>;
  }

  life(event: LifeEvent): void {
    this.ready.then(() => this.api.life(event)).catch(() => undefined);
  }

  async logOut(options: LogOut): Promise<void> {
    this.leaving = true;
    try {
      unwrap(await this.unlessOver(() => this.api.logOut(options)));
      this.streams.end();
    } finally {
      this.leaving = false;
      if (this.streams.isOver) this.finish();
    }
  }

  /** Whoever still waits for an answer is told that none comes. */
  private finish(): void {
    const error = new UsageError('usage/closed', 'this client was closed, or its account logged out; create another one');
    for (const tell of this.waiting) tell(error);
    this.worker.terminate();
  }

  async close(): Promise<void> {
    await this.unlessOver(() => this.api.close()).catch(() => undefined);
    this.streams.end();
    this.finish();
  }
}
