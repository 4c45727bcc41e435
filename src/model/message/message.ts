/** Messages in two forms: for the page, and for storage and the wire. */
import { byteLength } from '../byte-length.ts';
import { UsageError } from '../../errors.ts';
import type { ConversationId, MessageId, Seq, UserId } from '../ids.ts';
import { invalid } from '../must.ts';
import { LOST_TEXT } from './lost-text.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * State of a message. Own messages: `pending` not yet at the server · `failed` refused by the server (see the dead letters) · `sent` stored
 * by the server · `delivered` and `read` by the peer, in direct chats only; a recalled message falls
 * back to `sent`. Messages of other users: `received`.
 */
export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read' | 'failed' | 'received';

/** What `sendMessage` takes: any JSON if the client names no type of its bodies. */
export type BodyToSend<Body> = Json extends Body ? unknown : Body;

/** A message as the page sees it. `Body` is the app's type of a body, see `createReceiptClient`. */
export interface Message<Body = Json> {
  /** The id. */
  readonly id: MessageId;
  /** The conversation. */
  readonly conversationId: ConversationId;
  /** The user who sent the message. */
  readonly senderId: UserId;
  /** `null` until the server has given the message its number. */
  readonly seq: Seq | null;
  /** Epoch ms by the server's clock; for a pending message, by this device's clock. */
  readonly sentAt: number;
  /** The body given to `sendMessage` by the sender; `null` once recalled, and if `bodySchema` refuses the body. */
  readonly body: Body | null;
  /** The body as it arrived, if `bodySchema` refuses it: for example of a newer release of the app. Absent otherwise. */
  readonly unfitBody?: Json;
  /** True if the sender asked for read receipts. */
  readonly receiptRequested: boolean;
  /** True if the message counts as unread for its readers. */
  readonly countable: boolean;
  /** True if the sender took the message back. */
  readonly recalled: boolean;
  /** True if another user sent the message and it mentions me. */
  readonly mentionsMe: boolean;
  /** How far the message has come. */
  readonly status: MessageStatus;
}

/** A message at the server, as stored and sent. `body` is JSON text, never parsed by server or engine; empty once recalled. */
export interface StoredMessage {
  readonly id: MessageId;
  readonly seq: Seq;
  readonly senderId: UserId;
  readonly sentAt: number;
  readonly body: string;
  readonly receiptRequested: boolean;
  readonly countable: boolean;
  readonly recalled: boolean;
  /** The message mentions the reader of this copy; absent otherwise. */
  readonly mentionsMe?: true | undefined;
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
    // JSON leaves out a field with the value undefined. Callers expect this of optional fields, so such a field is
    // allowed.
    if (item === undefined && !isList) continue;
    const unfit = findUnfit(item, isList ? `${path}[${key}]` : `${path}.${key}`);
    if (unfit) return unfit;
  }
  return undefined;
};

/** @returns the path of the first value that JSON would silently drop or change, and the reason; `undefined` if there is none. */
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

// JSON.stringify writes NUL and lone surrogates as \uXXXX. An even number of backslashes before `\u` is part of the text.
// The expression has no look-behind: WebKit before 16.4 could not load a file with a look-behind.
const UNSTORABLE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * Writes a message body as JSON text. An object field with the value undefined is left out.
 *
 * @throws {UsageError} `usage/invalid-argument` for any other value that JSON cannot carry unchanged (functions, class instances, symbols,
 * NaN, -0, holes in lists, cycles, NUL, lone surrogates), naming the path, and for more than `MAX_BODY_BYTES` of UTF-8.
 */
export const bodyText = (body: unknown): string => {
  let text: string;
  try {
    const unfit = findUnfit(body, 'body');
    if (unfit) throw invalid(`body must be JSON; ${unfit}`);
    text = JSON.stringify(body);
  } catch (error) {
    throw error instanceof UsageError ? error : invalid('body must be JSON; it refers to itself or is nested too deeply');
  }
  if (UNSTORABLE.test(text)) throw invalid('body holds NUL or half a surrogate pair; neither can be stored');
  const bytes = byteLength(text);
  if (bytes > MAX_BODY_BYTES) throw invalid(`body is ${bytes} bytes as JSON; at most ${MAX_BODY_BYTES} are taken`);
  return text;
};

/** Parses a body for the page. A peer's client may send any text; text that is no JSON is returned as a string. */
export const parseBody = (text: string): Json => {
  if (text === '' || text === LOST_TEXT) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};
