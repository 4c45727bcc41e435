/**
 * The rules for arguments and options of calls. The page checks before a call reaches the worker. Callers without types
 * may pass anything.
 */
import type { UsageCode } from '../errors.ts';
import { type ConversationId, type ConversationType, type MessageId, requireConversationId, requireId, type UserId } from '../model/ids.ts';
import type { Intents, MessagesWanted } from '../model/api/intents.ts';
import type { ListOptions, ListWanted } from '../model/conversation/list.ts';
import { invalid, must } from '../model/must.ts';
import { readOptions } from '../model/option-names.ts';
import { MAX_CURSOR_CHARS } from '../model/message/receipt.ts';
import { type TotalOptions, TOTALS_OF } from '../model/conversation/total.ts';
import { MAX_TIMER_MS } from '../ports/ports.ts';

export const DEFAULT_LIMIT = 50;
export const DEFAULT_FLUSH_MS = 10_000;
const MAX_IDS_PER_CALL = 10_000;

/** Checks a value and returns it. */
export type Rule<T> = (value: unknown, what: string, code?: UsageCode) => T;

/** A rule for each option. */
export type Rules<T> = { readonly [K in keyof T]-?: Rule<T[K]> };

/**
 * Checks the options of a call. Unknown names are refused.
 *
 * @param path the options' place in other options, as the beginning of their names in errors.
 * @returns the options in the order of the rules, without undefined ones: equal options are equal as JSON.
 */
export const read = <T extends object>(given: T | undefined, call: string, rules: Rules<T>, code?: UsageCode, path = ''): T => {
  const options = readOptions(given, call, rules, code);
  const checked: Partial<T> = {};
  for (const name of Object.keys(rules) as (keyof T & string)[])
    if (options[name] !== undefined) {
      const value = rules[name](options[name], path + name, code);
      if (value !== undefined) checked[name] = value;
    }
  return checked as T;
};

export const flag: Rule<boolean> = (value, what, code) => must(typeof value === 'boolean', value as boolean, what, 'true or false', code);

const wholeTo =
  (most: number, least = 1): Rule<number> =>
  (value, what) =>
    must(
      Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
      value as number,
      what,
      `a whole number from ${least} to ${most}`,
    );

export const count = wholeTo(1000);
export const memberCount = wholeTo(100);
export const milliseconds = wholeTo(MAX_TIMER_MS);

export const oneOf =
  <T extends string>(...known: readonly T[]): Rule<T> =>
  (value, what, code) =>
    must(known.includes(value as T), value as T, what, known.map((one) => `'${one}'`).join(' or '), code);

export const type = oneOf<ConversationType>('direct', 'group');

export const messageIds: Rule<readonly MessageId[]> = (ids, what) => {
  const isList = Array.isArray(ids);
  const rule = `a list of at most ${MAX_IDS_PER_CALL} message ids`;
  must(isList && ids.length <= MAX_IDS_PER_CALL, ids, what, rule, undefined, isList ? String(ids.length) : undefined);
  return (ids as unknown[]).map((id) => requireId(id, 'a message id'));
};

export const cursor: Rule<string | null> = (value, what) => {
  const fits = value === null || (typeof value === 'string' && value !== '' && value.length <= MAX_CURSOR_CHARS);
  return must(fits, value as string | null, what, 'the `cursor` of the page before, or null for the first page');
};

/** The arguments of `setReceiptSettings`. */
export const requireSettings = (given: unknown): Parameters<Intents['setReceiptSettings']>[0] =>
  read(given as Parameters<Intents['setReceiptSettings']>[0], 'setReceiptSettings', {
    deliveryReceipts: flag,
    readReceipts: flag,
    scope: oneOf('device', 'account'),
  });

/** A flag whose default is false, left out if it is false. */
const flagOn: Rule<true | undefined> = (value, what) => flag(value, what) || undefined;

export const totalOf = oneOf(...TOTALS_OF);

/** The options of a total, without the defaults. */
export const requireTotal = (given: TotalOptions | undefined, call: string): TotalOptions =>
  read(given, call, {
    type,
    of: (value, what) => (value === 'messages' ? undefined : totalOf(value, what)),
    archived: flagOn,
  });

/** The options of a list, without the defaults but the limit. */
export const requireList = (given: ListOptions | undefined, call: string, userId: UserId): ListWanted => {
  const before: Rule<ConversationId> = (value) => requireConversationId(value, userId);
  const rules = { limit: count, type, unreadOnly: flagOn, archived: flagOn, before };
  return { limit: DEFAULT_LIMIT, ...read<Partial<ListWanted>>(given as Partial<ListWanted>, call, rules) };
};

const pointFrom =
  (least: number): Rule<MessageId | number> =>
  (value, what) =>
    typeof value === 'number' ? wholeTo(Number.MAX_SAFE_INTEGER, least)(value, what) : requireId(value, what);

const point = pointFrom(1);

/** The options of `loadMessages`: exactly one of `around`, `before` and `after`. */
export const requireWanted = (given: MessagesWanted): MessagesWanted => {
  const wanted = read(given, 'loadMessages', { around: point, before: point, after: pointFrom(0), limit: count });
  const points = Object.keys(wanted).filter((name) => name !== 'limit').length;
  if (points !== 1) throw invalid(`give exactly one of around, before and after; got ${points}`);
  count(wanted.limit, 'limit');
  return wanted;
};
