/** Names: users, conversations, messages. Every id is 1–128 bytes of UTF-8 without control characters or lone surrogates. */
import { UsageError } from '../errors.ts';

export type UserId = string;
export type MessageId = string;
/** Named from my side: the peer's user id, or the group's id. Only the first colon splits. */
export type ConversationId = `direct:${string}` | `group:${string}`;
/** A message's place in its conversation: from 1, gapless, given by the server. 0 means "before all". */
export type Seq = number;

export const MAX_ID_BYTES = 128;

const encoder = new TextEncoder();
/** Control characters, and surrogates without their other half: a pair is one character here. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

/** Whether `value` may name a user, a group, a message or a device. */
export const isId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= MAX_ID_BYTES &&
  !FORBIDDEN.test(value) &&
  // No character takes more than three bytes a unit.
  (value.length * 3 <= MAX_ID_BYTES || encoder.encode(value).length <= MAX_ID_BYTES);

export const isConversationId = (value: unknown): value is ConversationId =>
  typeof value === 'string' && /^(direct|group):/.test(value) && isId(value.slice(value.indexOf(':') + 1));

export const conversationType = (id: ConversationId): 'direct' | 'group' => (id.startsWith('direct:') ? 'direct' : 'group');

/** The peer's user id, or the group's id. */
export const conversationTarget = (id: ConversationId): string => id.slice(id.indexOf(':') + 1);

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : typeof value);

/** @throws {UsageError} `usage/invalid-argument` naming the argument and the value seen. */
export const requireId = (value: unknown, what: string): string => {
  if (isId(value)) return value;
  throw new UsageError(
    'usage/invalid-argument',
    `${what} must be 1 to ${MAX_ID_BYTES} bytes of text without control characters or lone surrogates; got ${shown(value)}`,
  );
};

/** @throws {UsageError} `usage/invalid-argument` for anything that is no conversation id, and for a chat with oneself. */
export const requireConversationId = (value: unknown, me: UserId): ConversationId => {
  if (!isConversationId(value))
    throw new UsageError(
      'usage/invalid-argument',
      `conversationId must read "direct:<user id>" or "group:<group id>"; got ${shown(value)}`,
    );
  if (value === `direct:${me}`) throw new UsageError('usage/invalid-argument', 'a direct conversation needs somebody else as its peer');
  return value;
};
