/** Messages as the page sees them, and as they are kept and travel. */
import { UsageError } from '../errors.ts';
import type { ConversationId, MessageId, Seq, UserId } from './ids.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** `pending` not yet at the server · `failed` refused by it (see the dead letters) · groups stop at `sent` · `received` somebody else's. */
export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read' | 'failed' | 'received';

export interface Message {
  readonly id: MessageId;
  readonly conversationId: ConversationId;
  readonly senderId: UserId;
  /** `null` until the server has given it one. */
  readonly seq: Seq | null;
  /** Epoch ms: the server's clock; for a pending message this device's. */
  readonly sentAt: number;
  /** What `sendMessage` was given; `null` once recalled. */
  readonly body: Json;
  readonly receiptRequested: boolean;
  readonly countable: boolean;
  readonly recalled: boolean;
  readonly status: MessageStatus;
}

/** A message the server has, as kept and as it travels. `body` is JSON text into which nothing here looks; empty once recalled. */
export interface StoredMessage {
  readonly id: MessageId;
  readonly seq: Seq;
  readonly senderId: UserId;
  readonly sentAt: number;
  readonly body: string;
  readonly receiptRequested: boolean;
  readonly countable: boolean;
  readonly recalled: boolean;
}

export const MAX_BODY_BYTES = 16 * 1024;

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Array.isArray(value);
};

const findUnfitIn = (value: object, path: string): string | undefined => {
  const keys = Object.keys(value);
  const isList = Array.isArray(value);
  if (Object.getOwnPropertySymbols(value).length > 0) return `${path} has a symbol for a key`;
  if (isList) {
    for (let i = 0; i < value.length; i++) if (!(i in value)) return `${path}[${i}] is a hole`;
    // Without a hole, the first keys are the list's indexes. JSON would drop the properties after them.
    if (keys.length > value.length) return `${path}.${keys[value.length]} is no item of the list`;
  }
  for (const key of keys) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    // An optional field without a value is the only thing that JSON may leave out.
    if (item === undefined && !isList) continue;
    const unfit = findUnfit(item, isList ? `${path}[${key}]` : `${path}.${key}`);
    if (unfit) return unfit;
  }
  return undefined;
};

/** What JSON would silently drop or change is refused by name. */
const findUnfit = (value: unknown, path: string): string | undefined => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      if (Object.is(value, -0)) return `${path} is -0`;
      return Number.isFinite(value) ? undefined : `${path} is ${value}`;
    case 'object':
      if (value === null) return undefined;
      return isPlain(value) ? findUnfitIn(value, path) : `${path} is an instance of ${value.constructor.name || 'a class'}`;
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`;
  }
};

// JSON.stringify writes NUL and lone surrogates, and little else, as \uXXXX; an even run of backslashes before it is text.
// No look-behind: WebKit before 16.4 could not even load the file.
const UNSTORABLE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * A message body as JSON text. A field of an object whose value is undefined is left out.
 *
 * @throws {UsageError} `usage/invalid-argument` for whatever else JSON cannot carry unchanged (functions, class instances, symbols, NaN,
 * -0, holes in lists, cycles, NUL, lone surrogates), naming the path, and for more than 16 KiB of UTF-8.
 */
export const bodyText = (body: unknown): string => {
  let text: string;
  try {
    const unfit = findUnfit(body, 'body');
    if (unfit) throw new UsageError('usage/invalid-argument', `body must be JSON; ${unfit}`);
    text = JSON.stringify(body);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError('usage/invalid-argument', 'body must be JSON; it refers to itself or is nested too deeply');
  }
  if (UNSTORABLE.test(text))
    throw new UsageError('usage/invalid-argument', 'body holds NUL or half a surrogate pair; neither can be stored');
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_BODY_BYTES)
    throw new UsageError('usage/invalid-argument', `body is ${bytes} bytes as JSON; at most ${MAX_BODY_BYTES} are taken`);
  return text;
};

/** The body as the page sees it; text that is no JSON (a peer's client may send any) is given as the string it is. */
export const parseBody = (text: string): Json => {
  if (text === '') return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};
