/**
 * Workers without threads: the worker's side of the bridge with a stub of the engine, in this process. A test
 * can kill and silence them.
 */
import { BehaviorSubject, NEVER, Subject } from 'rxjs';
import { WorkerConnection } from '../../src/bridge/connect.ts';
// The page loads this module later. Here it is loaded before, so that a test waits for messages only.
import '../../src/bridge/worker-lives.ts';
import { exposeWorker, type Host, type Hosted } from '../../src/bridge/expose.ts';
import type { WorkerConfig } from '../../src/bridge/worker-api.ts';
import { Unanswered } from '../../src/bridge/unanswered.ts';
import { TransportError } from '../../src/errors.ts';
import { TestClock } from './test-clock.ts';
import { watchOf } from './watchers.ts';
import type { WorkerSource } from '../../src/bridge/worker-source.ts';
import type { NumberedEvent } from '../../src/model/api/event.ts';
import type { Topic } from '../../src/model/api/topic.ts';

/** The real `setImmediate`: a test of the store replaces the global one by steps of virtual time. */
const realImmediate = setImmediate;

/** Resolves when all messages between the two sides have arrived. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await new Promise((resolve) => realImmediate(resolve));
};

/** A worker in the eyes of the page. */
export class LocalWorker extends EventTarget {
  readonly #page: MessagePort;
  readonly #inside: MessagePort;
  readonly total = new BehaviorSubject(0);
  readonly events = new Subject<NumberedEvent>();
  readonly watched: Topic[] = [];
  readonly configs: WorkerConfig[] = [];
  /** The answer to calls and queries. By default none ever comes. */
  answer: (name: string) => Promise<unknown> = () => new Promise(() => undefined);
  isTerminated = false;
  /** While silent, no message of the worker arrives, not even a pong. */
  silent = false;

  constructor(before: (host: Host) => Host = (host) => host) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#page = port1;
    this.#inside = port2;
    port1.onmessage = ({ data }) => {
      if (!this.silent && !this.isTerminated) this.dispatchEvent(new MessageEvent('message', { data }));
    };
    exposeWorker(before(this.#host()), port2);
  }

  #host(): Host {
    const calls = new Unanswered();
    const hosted: Hosted = {
      intent: ({ do: name }) => calls.add(this.answer(name)),
      query: ({ do: name }) => calls.add(this.answer(name)),
      watch: watchOf((topic) => {
        this.watched.push(topic);
        return topic.of === 'total-unread' ? this.total : topic.of === 'events' ? this.events : NEVER;
      }),
      logOut: async () => void (await this.answer('logOut')),
      loggedOut: new Promise(() => undefined),
      close: async () => calls.refuse(new TransportError('transport/closed', 'closed before there was an answer')),
    };
    return {
      start: async (config) => {
        this.configs.push(config);
        return hosted;
      },
      life: () => undefined,
    };
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (!this.isTerminated) this.#page.postMessage(message, transfer);
  }

  terminate(): void {
    this.isTerminated = true;
    this.total.complete();
    this.#page.close();
    this.#inside.close();
  }

  asWorker(): Worker {
    return this as unknown as Worker;
  }
}

/** A worker without a script: messages arrive, and no answer follows. */
export class WorkerOfNothing extends EventTarget {
  isTerminated = false;
  postMessage(): void {
    // No code handles the message.
  }
  terminate(): void {
    this.isTerminated = true;
  }
  asWorker(): Worker {
    return this as unknown as Worker;
  }
}

/** The connection of a page, and all its workers. */
export const connectPage = <W extends LocalWorker | WorkerOfNothing = LocalWorker>(
  make: () => W,
  setsAtStart = false,
  failed: WorkerSource['failed'] = async (error) => error,
) => {
  const timers = new TestClock(settled);
  const workers: W[] = [];
  const firsts: boolean[] = [];
  const logged: string[] = [];
  const connection = new WorkerConnection(
    {
      failed,
      make: () => {
        const worker = make();
        workers.push(worker);
        return worker.asWorker();
      },
    },
    async (isFirst) => {
      firsts.push(isFirst);
      return { url: 'ws://localhost', userId: 'alice', deviceId: 'd', settings: {} };
    },
    async () => ({
      getToken: async () => 'token',
      deviceId: async () => 'd',
      forgetDevice: async () => undefined,
      renewDevice: async () => 'd',
      log: async () => undefined,
    }),
    (_, event) => void logged.push(event),
    setsAtStart,
    { timer: timers.timer, random: () => 0.5 },
  );
  return { connection, timers, workers, firsts, logged };
};

/** Web Locks for one process: a lock becomes free when the test kills its holder. */
export class LocalLocks {
  readonly #held = new Map<string, () => void>();
  readonly #waiting = new Map<string, () => unknown>();

  readonly request = (name: string, ...rest: unknown[]): Promise<unknown> => {
    const granted = rest.at(-1) as () => Promise<unknown>;
    if (!this.#held.has(name)) {
      this.#held.set(name, () => undefined);
      return Promise.resolve(granted());
    }
    this.#waiting.set(name, granted);
    return new Promise(() => undefined);
  };

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Kills all holders. */
  releaseAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#held.clear();
    for (const granted of waiting) granted();
  }
}
