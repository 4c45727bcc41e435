/**
 * Names: users, groups, messages, devices. An id is 1 to 128 bytes of UTF-8 without control characters, lone surrogates or U+FEFF.
 *
 * Two ids are the same id only if they are the same code points. No code normalises, trims or folds an id, so two ids that look alike may
 * differ. Joiners, other invisible characters and bidi controls are allowed, because scripts and emoji need them. A host with ids
 * chosen by users decides which ids to give out. U+FEFF is refused because text decoders drop a leading U+FEFF as a byte order mark.
 */
import { byteLength } from './byte-length.ts';
import type { UsageCode } from '../errors.ts';
import { invalid, must } from './must.ts';

/** The id of a user, given by the app: 1 to 128 bytes of text without control characters, lone surrogates or U+FEFF. */
export type UserId = string;
/** The id of a message, unique on the server. Made on the device, or given by the app. */
export type MessageId = string;
/** A conversation as the signed-in user names it: `direct:` and the peer's user id, or `group:` and the group's id. The id may contain colons. */
export type ConversationId = `direct:${string}` | `group:${string}`;
/** A message's sequence number in its conversation: from 1, without gaps, given by the server. 0 means "before the first message". */
export type Seq = number;

export const MAX_ID_BYTES = 128;

/** The rule for ids, for error messages. */
export const ID_RULE = `1 to ${MAX_ID_BYTES} bytes of text without control characters, lone surrogates or U+FEFF`;

/** Control characters, lone surrogates (with the flag `u`, a pair is one character) and the byte order mark. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\uFEFF]/u;

/** Whether `value` may name a user, a group, a message or a device: see {@link ID_RULE}. */
export const isId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= MAX_ID_BYTES &&
  !FORBIDDEN.test(value) &&
  // A UTF-16 unit takes at most three bytes in UTF-8, so short texts need no encoding.
  (value.length * 3 <= MAX_ID_BYTES || byteLength(value) <= MAX_ID_BYTES);

export const isConversationId = (value: unknown): value is ConversationId =>
  typeof value === 'string' && /^(direct|group):/.test(value) && isId(value.slice(value.indexOf(':') + 1));

export type ConversationType = 'direct' | 'group';

export const conversationType = (id: ConversationId): ConversationType => (id.startsWith('direct:') ? 'direct' : 'group');

/** The peer's user id, or the group's id. */
export const conversationTarget = (id: ConversationId): string => id.slice(id.indexOf(':') + 1);

/** Checks an id and returns it. @throws {UsageError} naming the argument, the rule and the value seen. */
export const requireId = (value: unknown, what: string, code?: UsageCode): string =>
  must(isId(value), value as string, what, ID_RULE, code);

/** Checks a conversation id. @throws {UsageError} `usage/invalid-argument` for any other value, and for a chat with oneself. */
export const requireConversationId = (value: unknown, me: UserId): ConversationId => {
  const rule = `"direct:<user id>" or "group:<group id>", the id being ${ID_RULE}`;
  must(isConversationId(value), value, 'conversationId', rule);
  if (value === `direct:${me}`) throw invalid('a direct conversation needs another user as its peer');
  return value as ConversationId;
};
