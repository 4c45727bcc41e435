/** What crosses between page and worker. Calls go through Comlink, streams through a port of their own. */
import type { IntentCall, QueryCall } from '../model/intents.ts';
import type { Topic } from '../model/topic.ts';
import type { LifeEvent } from '../ports/ports.ts';
import type { WireError } from './error-transfer.ts';

export interface WorkerConfig {
  readonly url: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly settings: { readonly deliveryReceipts?: boolean; readonly readReceipts?: boolean };
}

/** What the worker asks of its page. */
export interface PageSide {
  getToken(): Promise<string>;
}

/** What a call came to: an error where there is one, else a value. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: WireError;
}

export interface WorkerApi {
  start(config: WorkerConfig, page: PageSide, streams: MessagePort): Promise<Outcome>;
  /** Calls made in one turn of the page cross together and are written together. */
  intents(calls: readonly IntentCall[]): Promise<readonly Outcome[]>;
  query(call: QueryCall): Promise<Outcome>;
  life(event: LifeEvent): Promise<void>;
  close(): Promise<void>;
}

/** Page → worker, on the port of streams. */
export type StreamRequest = { readonly watch: number; readonly topic: Topic } | { readonly unwatch: number };
/** Worker → page: values since the last turn, in order; or the end of all. */
export type StreamNews = { readonly values: readonly (readonly [id: number, value: unknown])[] } | { readonly done: true };
