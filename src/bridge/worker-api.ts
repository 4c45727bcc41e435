/** The calls and messages between page and worker. Calls go through Comlink, streams through a port of their own. */
import type { QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Retention } from '../model/api/retention.ts';
import type { Topic } from '../model/api/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import type { WireError } from './error-transfer.ts';
import type { Log } from '../logging.ts';

export interface WorkerConfig {
  readonly url: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly retention?: Retention;
  /** True if the worker encrypts the stored texts. */
  readonly encryption?: boolean;
  /** True if the page wants debug and info records too. Otherwise the worker sends only warnings and errors. */
  readonly logsAll?: boolean;
  readonly settings: { readonly deliveryReceipts?: boolean; readonly readReceipts?: boolean };
}

/** The calls from the worker to its page. */
export interface PageSide {
  getToken(): Promise<string>;
  /** This device's id for the account of this database. Created if missing. */
  deviceId(database: string): Promise<string>;
  forgetDevice(database: string): Promise<void>;
  /** Gives the device a new id, because its stored data is lost: the server must treat it as another device. */
  renewDevice(database: string): Promise<string>;
  /** Hands a record to the app's log. */
  log(...record: Parameters<Log>): Promise<void>;
}

/** The result of a call: an error, or a value. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: WireError;
}

/** An answer, and the number of value messages posted before it. The page hands those messages on first. */
export interface Answered<T> {
  readonly answer: T;
  readonly after: number;
}

export interface WorkerApi {
  /** Takes this lock until the worker ends. Returns false if the worker cannot take locks. */
  hold(lockName: string): Promise<boolean>;
  ping(): Promise<void>;
  /** Starts the host. Each side names its release; different releases refuse to work together. */
  start(version: string, config: WorkerConfig, page: PageSide, streams: MessagePort): Promise<Outcome & { readonly version: string }>;
  /**
   * Runs the intents of one turn of the page together, in one transaction.
   *
   * @param calls {@link IntentCall}s as JSON text: cloning hundreds of small objects costs three times as much.
   * @returns an {@link Outcome} for each call, as JSON text.
   */
  intents(calls: string): Promise<Answered<string>>;
  query(call: QueryCall): Promise<Answered<Outcome>>;
  /** Ends the streams, unless the log-out is refused. The answer comes after the answers to all earlier calls. */
  logOut(options: LogOut): Promise<Outcome>;
  life(event: LifeEvent): Promise<void>;
  /** The answer comes after the answers to all earlier calls. */
  close(): Promise<Answered<null>>;
}

/** Page → worker, on the port of streams. `shown`: the number of value messages handed on so far. */
export type StreamRequest = { readonly watch: number; readonly topic: Topic } | { readonly unwatch: number } | { readonly shown: number };
/** Worker → page: the values since the last message, or the end of all streams. */
export type StreamNews = { readonly values: readonly (readonly [id: number, value: unknown])[] } | { readonly done: true };
