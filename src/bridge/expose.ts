/** The worker's side of the bridge. Errors become values here, and errors again on the page. */
import * as Comlink from 'comlink';
import type { Observable } from 'rxjs';
import type { IntentCall, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { Topic } from '../model/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import { toWireError } from './error-transfer.ts';
import { serveStreams, type ServedStreams } from './serve-streams.ts';
import { VERSION, versionsDiffer } from './version.ts';
import { holdForLife } from './worker-lock.ts';
import type { Answered, Outcome, PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';

/** What a host offers once started. */
export interface Hosted {
  intent(call: IntentCall): Promise<unknown>;
  query(call: QueryCall): Promise<unknown>;
  watch(topic: Topic): Observable<unknown>;
  logOut(options: LogOut): Promise<void>;
  /** Resolves when another tab has logged out. */
  readonly loggedOut: Promise<unknown>;
  /** Resolves when nothing is under way any more; then this worker may be ended. */
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
  const started = (): Promise<Hosted> => hosted ?? Promise.reject(new Error('not started'));

  const answered = <T>(answer: T): Answered<T> => ({ answer, after: streams?.flush() ?? 0 });

  const api: WorkerApi = {
    hold: holdForLife,
    ping: async () => undefined,
    async start(version, config, page, port) {
      // Before anything is opened: what another release means by this call is not known here.
      if (version !== VERSION) return { version: VERSION, error: toWireError(versionsDiffer(version, VERSION)) };
      hosted = host.start(config, page);
      const started = hosted.then((running) => {
        const served = serveStreams(port, (topic) => running.watch(topic));
        streams = served;
        void running.loggedOut.then(() => served.end());
      });
      return { version: VERSION, ...(await outcome(started)) };
    },
    intents: async (text) => {
      const calls = JSON.parse(text) as readonly IntentCall[];
      return answered(JSON.stringify(await Promise.all(calls.map((call) => outcome(started().then((running) => running.intent(call)))))));
    },
    query: async (call) => answered(await outcome(started().then((running) => running.query(call)))),
    logOut: (options) =>
      outcome(
        started().then(async (running) => {
          await running.logOut(options);
          streams?.end();
        }),
      ),
    async life(event) {
      host.life(event);
    },
    async close() {
      await (await started()).close();
      streams?.end();
    },
  };
  Comlink.expose(api, endpoint);
};
