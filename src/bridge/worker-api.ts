/** What crosses between page and worker. Calls go through Comlink, streams through a port of their own. */
import type { QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { Retention } from '../model/retention.ts';
import type { Topic } from '../model/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import type { WireError } from './error-transfer.ts';
import type { Log } from '../logging.ts';

export interface WorkerConfig {
  readonly url: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly retention?: Retention;
  /** The page wants debug and info records too. Else the worker sends warnings and errors alone. */
  readonly logsAll?: boolean;
  readonly settings: { readonly deliveryReceipts?: boolean; readonly readReceipts?: boolean };
}

/** What the worker asks of its page. */
export interface PageSide {
  getToken(): Promise<string>;
  /** This device's id for the account whose database this is, made where there is none; and the end of it. */
  deviceId(database: string): Promise<string>;
  forgetDevice(database: string): Promise<void>;
  /** What this device had stored is lost: it is another one from here on. */
  renewDevice(database: string): Promise<string>;
  /** Hands a record to the app's log. */
  log(...record: Parameters<Log>): Promise<void>;
}

/** What a call came to: an error where there is one, else a value. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: WireError;
}

/** Answers, and how many messages of values were posted before them: the page hands those on first. */
export interface Answered<T> {
  readonly answer: T;
  readonly after: number;
}

export interface WorkerApi {
  /** Takes this lock until the worker ends. False where it cannot. */
  hold(lockName: string): Promise<boolean>;
  ping(): Promise<void>;
  /** Each side tells its release, and neither goes on with another one. */
  start(version: string, config: WorkerConfig, page: PageSide, streams: MessagePort): Promise<Outcome & { readonly version: string }>;
  /**
   * Calls made in one turn of the page cross together and are written together.
   *
   * @param calls {@link IntentCall}s as JSON text: cloning hundreds of small objects costs three times as much.
   * @returns an {@link Outcome} for each, as JSON text.
   */
  intents(calls: string): Promise<Answered<string>>;
  query(call: QueryCall): Promise<Answered<Outcome>>;
  /** Streams end with it, unless it rejects; then it is answered after every call that was made before it. */
  logOut(options: LogOut): Promise<Outcome>;
  life(event: LifeEvent): Promise<void>;
  /** Answered after every call that was made before it. */
  close(): Promise<Answered<null>>;
}

/** Page → worker, on the port of streams. `shown`: so many messages of values were handed on. */
export type StreamRequest = { readonly watch: number; readonly topic: Topic } | { readonly unwatch: number } | { readonly shown: number };
/** Worker → page: values since the last message; or the end of all. */
export type StreamNews = { readonly values: readonly (readonly [id: number, value: unknown])[] } | { readonly done: true };
