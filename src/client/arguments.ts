/** Checks of the arguments of calls, before a call reaches the worker. Callers without types may pass anything. */
import { UsageError } from '../errors.ts';
import { type ConversationType, type MessageId, requireConversationId, requireId, type UserId } from '../model/ids.ts';
import type { Intents, MessagesWanted } from '../model/api/intents.ts';
import type { ListOptions, ListWanted } from '../model/conversation/list.ts';
import { readOptions } from '../model/option-names.ts';
import { MAX_CURSOR_CHARS } from '../model/message/receipt.ts';
import type { ReceiptSettings } from '../model/message/receipt-settings.ts';
import { type TotalOf, type TotalOptions, TOTALS_OF } from '../model/conversation/total.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 1000;
export const MAX_MEMBERS = 100;
export const DEFAULT_FLUSH_MS = 10_000;
const MAX_IDS_PER_CALL = 10_000;

export const requireFlag = (value: unknown, what: string): boolean => {
  if (typeof value === 'boolean') return value;
  throw new UsageError('usage/invalid-argument', `${what} must be true or false; got ${String(value)}`);
};

export const optionalFlag = (value: unknown, what: string): boolean | undefined =>
  value === undefined ? undefined : requireFlag(value, what);

export const requireCount = (value: unknown, what: string, most: number): number => {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) return value as number;
  throw new UsageError('usage/invalid-argument', `${what} must be a whole number from 1 to ${most}; got ${String(value)}`);
};

export const requireIds = (ids: readonly MessageId[]): readonly MessageId[] => {
  if (Array.isArray(ids) && ids.length <= MAX_IDS_PER_CALL) return ids.map((id) => requireId(id, 'a message id'));
  throw new UsageError(
    'usage/invalid-argument',
    `messageIds must be a list of at most ${MAX_IDS_PER_CALL} message ids; got ${Array.isArray(ids) ? ids.length : typeof ids}`,
  );
};

export const requireFilter = (filter: unknown): 'read' | 'unread' => {
  if (filter === 'read' || filter === 'unread') return filter;
  throw new UsageError('usage/invalid-argument', `filter must be 'read' or 'unread'; got ${String(filter)}`);
};

export const requireCursor = (cursor: unknown): string | null => {
  if (cursor === undefined || cursor === null) return null;
  if (typeof cursor === 'string' && cursor !== '' && cursor.length <= MAX_CURSOR_CHARS) return cursor;
  throw new UsageError('usage/invalid-argument', 'cursor must be the `cursor` of the page before, or null for the first page');
};

export const optionalId = (id: MessageId | undefined, what: string): MessageId | undefined =>
  id === undefined ? undefined : requireId(id, what);

/** The arguments of `setReceiptSettings`. */
export const requireSettings = (given: unknown): Parameters<Intents['setReceiptSettings']>[0] => {
  const names = { deliveryReceipts: 1, readReceipts: 1, scope: 1 } as const;
  const { deliveryReceipts, readReceipts, scope } = readOptions(
    given as Partial<ReceiptSettings & { scope: unknown }>,
    'setReceiptSettings',
    names,
  );
  const delivery = optionalFlag(deliveryReceipts, 'deliveryReceipts');
  const read = optionalFlag(readReceipts, 'readReceipts');
  if (scope !== undefined && scope !== 'device' && scope !== 'account')
    throw new UsageError('usage/invalid-argument', `scope must be 'device' or 'account'; got ${JSON.stringify(scope)}`);
  return {
    ...(delivery === undefined ? {} : { deliveryReceipts: delivery }),
    ...(read === undefined ? {} : { readReceipts: read }),
    ...(scope === undefined ? {} : { scope }),
  };
};

export const requireTotalOf = (of: unknown, what: string): TotalOf => {
  const known = TOTALS_OF.find((one) => one === of);
  if (known) return known;
  throw new UsageError('usage/invalid-argument', `${what} must be ${TOTALS_OF.map((one) => `'${one}'`).join(' or ')}; got ${String(of)}`);
};

export const optionalType = (type: unknown, what: string): ConversationType | undefined => {
  if (type === undefined) return undefined;
  if (type === 'direct' || type === 'group') return type;
  throw new UsageError(
    'usage/invalid-argument',
    `${what} must be 'direct' or 'group'; got ${typeof type === 'string' ? type : typeof type}`,
  );
};

/** The options of a total, without the defaults. */
export const requireTotal = (given: TotalOptions | undefined, call: string): TotalOptions => {
  const { type, of = 'messages', archived } = readOptions(given, call, { type: 1, of: 1, archived: 1 });
  const wantedType = optionalType(type, 'type');
  const wantedOf = requireTotalOf(of, 'of');
  return {
    ...(wantedType ? { type: wantedType } : {}),
    ...(wantedOf === 'messages' ? {} : { of: wantedOf }),
    ...(optionalFlag(archived, 'archived') ? { archived } : {}),
  };
};

const LIST_NAMES = { limit: 1, type: 1, unreadOnly: 1, archived: 1, before: 1 } as const;

/** The options of a list, without the defaults. */
export const requireList = (given: ListOptions | undefined, call: string, userId: UserId): ListWanted => {
  const { limit = DEFAULT_LIMIT, type, unreadOnly, archived, before } = readOptions(given, call, LIST_NAMES);
  const wantedType = optionalType(type, 'type');
  return {
    limit: requireCount(limit, 'limit', MAX_LIMIT),
    ...(wantedType ? { type: wantedType } : {}),
    ...(optionalFlag(unreadOnly, 'unreadOnly') ? { unreadOnly } : {}),
    ...(optionalFlag(archived, 'archived') ? { archived } : {}),
    ...(before === undefined ? {} : { before: requireConversationId(before, userId) }),
  };
};

/** A conversation is marked unread from a message on. Without a mark there is nothing to count from. */
export const requireMarkedFrom = (marked: boolean, from: MessageId): MessageId => {
  if (marked) return from;
  throw new UsageError('usage/invalid-argument', 'from is for a mark, and marked is false: leave from out');
};

export const WANTED_NAMES = { around: 1, before: 1, after: 1, limit: 1 } as const;

/** The options of `loadMessages`: exactly one of `around`, `before` and `after`. */
export const requireWanted = ({ around, before, after, limit }: Partial<MessagesWanted>): MessagesWanted => {
  const given = Object.entries({ around, before, after }).filter(([, point]) => point !== undefined);
  const [one] = given;
  if (!one || given.length > 1)
    throw new UsageError('usage/invalid-argument', `give exactly one of around, before and after; got ${given.length}`);
  const [name, point] = one;
  return {
    [name]: typeof point === 'number' ? requireCount(point, name, Number.MAX_SAFE_INTEGER) : requireId(point, name),
    limit: requireCount(limit, 'limit', MAX_LIMIT),
  };
};
