/**
 * Reads the entries of a `submit` frame one by one. A malformed entry, or an entry of an unknown kind, is
 * refused by its key (F62, F105).
 */
import { byteLength } from '../../model/byte-length.ts';
import * as v from 'valibot';
import { conversationTarget, type UserId } from '../../model/ids.ts';
import { MAX_BODY_BYTES } from '../../model/message/message.ts';
import type { RejectedCode } from '../../errors.ts';
import { EntryShape, type WireEntry, type WireResult } from '../../protocol/submit.ts';
import { MAX_CONTENT_BYTES } from '../../model/message/receipt.ts';

export type Rejected = Extract<WireResult, { outcome: 'rejected' }>;

/** A valid entry, or the refusal of an invalid entry. */
export type ReadEntry = { readonly key: string; readonly entry: WireEntry } | { readonly key: string; readonly refusal: Rejected };

export const reject = (key: string, code: RejectedCode, message: string): Rejected => ({ outcome: 'rejected', key, code, message });

/** The refusal for a missing conversation. A conversation invisible to the author gets the same bytes. */
export const noSuchConversation = (key: string): Rejected => reject(key, 'rejected/no-such-conversation', 'no such conversation');

const UNPAIRED = /\p{Cs}/u;
const isUnstorable = (text: string): boolean => text.includes('\u0000') || UNPAIRED.test(text);

const refusalOfText = (key: string, text: string, what: string, limit: number): Rejected | undefined => {
  if (text.length > limit || byteLength(text) > limit) return reject(key, 'rejected/too-large', `${what} is over ${limit} bytes`);
  if (isUnstorable(text)) return reject(key, 'rejected/unsupported', `${what} holds NUL or half a surrogate pair`);
  return undefined;
};

const refusalOf = (me: UserId, entry: WireEntry): Rejected | undefined => {
  if (entry.kind === 'settings') return undefined;
  const { key, conversationId } = entry;
  if (conversationId.startsWith('direct:') && conversationTarget(conversationId) === me)
    return reject(key, 'rejected/unsupported', 'a direct conversation needs another user');
  if (entry.kind === 'message') return refusalOfText(key, entry.body, 'body', MAX_BODY_BYTES);
  if (entry.kind === 'recall') return undefined;
  for (const { text } of entry.contents ?? []) {
    const refusal = refusalOfText(key, text, 'content', MAX_CONTENT_BYTES);
    if (refusal) return refusal;
  }
  return undefined;
};

export const readEntries = (me: UserId, raw: readonly { readonly key: string }[]): readonly ReadEntry[] =>
  raw.map((one): ReadEntry => {
    const { key } = one;
    const result = v.safeParse(EntryShape, one, { abortEarly: true });
    if (!result.success) {
      const issue = result.issues[0];
      return { key, refusal: reject(key, 'rejected/unsupported', `${v.getDotPath(issue) ?? 'entry'}: ${issue.message}`.slice(0, 300)) };
    }
    const refusal = refusalOf(me, result.output);
    return refusal ? { key, refusal } : { key, entry: result.output };
  });
