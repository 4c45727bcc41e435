/** The page's side of the bridge: calls made in one turn cross as one, errors come back as our classes. */
import * as Comlink from 'comlink';
import { WorkerError } from '../errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
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
      // Once it runs, an error is one of a single task, and the worker lives on: then this says nothing any more.
      worker.addEventListener('error', () => reject(workerGone()));
      config
        .then((given) => this.api.start(given, Comlink.proxy(page), Comlink.transfer(port2, [port2])))
        .then(unwrap)
        .then(resolve, reject);
    });
    this.ready.catch(() => undefined);
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

  /** What was shown before the answer was given is shown here first: streams and calls cross on ports of their own (I-16). */
  private async answered<T>(ask: () => Promise<Answered<T>>): Promise<T> {
    const { answer, after } = await this.ready.then(ask);
    await new Promise<void>((shown) => this.streams.after(after, shown));
    return answer;
  }

  async query<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return unwrap(await this.answered(() => this.api.query({ do: name, args } as QueryCall))) as ReturnType<Queries[K]>;
  }

  life(event: LifeEvent): void {
    this.ready.then(() => this.api.life(event)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.ready.then(() => this.api.close()).catch(() => undefined);
    this.streams.end();
    this.worker.terminate();
  }
}
