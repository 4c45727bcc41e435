/** Whom a message mentions, as its sender says: the body is opaque. */
import { isId, requireId, type UserId } from '../ids.ts';
import { must } from '../must.ts';

/** `all`: every other member of the conversation. Else user ids, sorted by code unit, each once. A message without mentions has no list. */
export type Mentions = 'all' | readonly UserId[];

/** With the longest ids and the longest body, a message still fits a frame. */
export const MAX_MENTIONS = 100;

/** The normal form of a set of mentions: equal sets are equal lists. */
const inOneForm = (mentions: Mentions): Mentions | undefined => {
  if (mentions === 'all') return 'all';
  return mentions.length > 0 ? [...new Set(mentions)].sort() : undefined;
};

/**
 * Checks the mentions of a new message. An empty list and `undefined` mention no user.
 *
 * @throws {UsageError} `usage/invalid-argument` naming the value seen.
 */
export const requireMentions = (value: unknown): Mentions | undefined => {
  if (value === undefined || value === 'all') return value;
  const isList = Array.isArray(value);
  const rule = `'all' or a list of at most ${MAX_MENTIONS} user ids`;
  const fits = isList && value.length <= MAX_MENTIONS;
  must(fits, value, 'mentions', rule, undefined, isList ? `${value.length} of them` : undefined);
  return inOneForm((value as unknown[]).map((id, i) => requireId(id, `mentions[${i}]`)));
};

/** Whether a value from the wire has the form of {@link Mentions}, in any order. */
export const isMentions = (value: unknown): value is Mentions =>
  value === 'all' || (Array.isArray(value) && value.length > 0 && value.length <= MAX_MENTIONS && value.every(isId));

/** The mentions of an entry in the form in which they are stored; null for none. */
export const storedMentions = (mentions: Mentions | undefined): Mentions | null => (mentions && inOneForm(mentions)) ?? null;

export const sameMentions = (a: Mentions | null | undefined, b: Mentions | null | undefined): boolean =>
  JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** Whether a message of this sender mentions the reader. No message mentions its own sender. */
export const mentionsReader = (mentions: Mentions | null, senderId: UserId, reader: UserId): boolean =>
  mentions !== null && senderId !== reader && (mentions === 'all' || mentions.includes(reader));
