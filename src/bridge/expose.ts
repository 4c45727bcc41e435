/** The worker's side of the bridge. Errors become values here; the page's side makes errors of them again. */
import * as Comlink from 'comlink';
import type { IntentCall, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Topic, Watcher } from '../model/api/topic.ts';
import type { Cancel, LifeEvent } from '../ports/ports.ts';
import { toWireError } from './error-transfer.ts';
import { serveStreams, type ServedStreams } from './serve-streams.ts';
import { Unanswered } from './unanswered.ts';
import { versionsDiffer } from './version.ts';
import { VERSION } from '../model/version.ts';
import { holdForLife } from './worker-lock.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';

/** The calls and streams of a started host. */
export interface Hosted {
  intent(call: IntentCall): Promise<unknown>;
  query(call: QueryCall): Promise<unknown>;
  watch(topic: Topic, watcher: Watcher<unknown>): Cancel;
  /** Resolves after every earlier call has an answer. */
  logOut(options: LogOut): Promise<void>;
  /** Resolves when another tab has logged out. */
  readonly loggedOut: Promise<unknown>;
  /** Resolves when no work runs any more and every call has an answer. The page may then end this worker. */
  close(): Promise<void>;
}

export interface Host {
  start(config: WorkerConfig, page: PageSide): Promise<Hosted>;
  life(event: LifeEvent): void;
}

const outcome = async (run: Promise<unknown>): Promise<Outcome> => {
  try {
    return { value: await run };
  } catch (error) {
    return { error: toWireError(error) };
  }
};

export const exposeWorker = (host: Host, endpoint?: Comlink.Endpoint): void => {
  let hosted: Promise<Hosted> | null = null;
  let streams: ServedStreams | null = null;
  const started = (): Promise<Hosted> => hosted ?? Promise.reject(new Error('the page called the worker before start()'));

  /**
   * Calls without an answer. The page ends this worker at the answer to `close` or `logOut`, so every earlier answer is
   * posted first.
   */
  const calls = new Unanswered();
  const answered = <T>(answer: T): Answered<T> => ({ answer, after: streams?.flush() ?? 0 });
  const run = (call: (running: Hosted) => Promise<unknown>): Promise<Outcome> => outcome(started().then(call));

  const api: WorkerApi = {
    hold: holdForLife,
    ping: async () => undefined,
    async start(version, config, page, port) {
      // Compare the releases before opening anything: another release may mean something else by this call.
      if (version !== VERSION) return { version: VERSION, error: toWireError(versionsDiffer(version, VERSION)) };
      hosted = host.start(config, page);
      const started = hosted.then((running) => {
        const served = serveStreams(port, (topic, watcher) => running.watch(topic, watcher));
        streams = served;
        void running.loggedOut.then(() => served.end());
      });
      return { version: VERSION, ...(await outcome(started)) };
    },
    intents: (text) => {
      const outcomes = (JSON.parse(text) as readonly IntentCall[]).map((call) => run((running) => running.intent(call)));
      return calls.add(Promise.all(outcomes).then((all) => answered(JSON.stringify(all))));
    },
    query: (call) => calls.add(run((running) => running.query(call)).then(answered)),
    logOut: (options) =>
      run(async (running) => {
        await running.logOut(options);
        await calls.settled();
        streams?.end();
      }),
    async life(event) {
      host.life(event);
    },
    async close() {
      await (await started()).close();
      await calls.settled();
      return answered(null);
    },
  };
  Comlink.expose(api, endpoint);
};
