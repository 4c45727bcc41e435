/**
 * The pending receipts of a conversation and their arithmetic: single messages merge by id, places merge by maximum. Pure.
 */

/** A message, and its place in its conversation: a number, larger for each newer message, for example the server's time in ms. */
export interface Place {
  /** The message's id at the backend. */
  readonly id: string;
  /** A number that grows from message to message of the conversation. */
  readonly order: number;
}

/** The read receipt of a single message. */
export interface MessageRead {
  /** The message's id at the backend. */
  readonly id: string;
  /** The place of the message, if the app named it. */
  readonly order?: number;
  /** The app's details for the adapter: a JSON value. The newest call wins. */
  readonly options?: unknown;
}

/** The receipts of a conversation to send. */
export interface PendingReceipts {
  /** The conversation's id at the backend. */
  readonly conversation: string;
  /** Read receipts of single messages, in the order of the calls. */
  readonly messages: readonly MessageRead[];
  /** The conversation is read up to this message; null if there is no such receipt. */
  readonly readUpTo: Place | null;
  /** The unread count is cleared up to this message, or whole; null without a clear. The sender gets no receipt. */
  readonly cleared: Place | 'whole' | null;
  /** The time of the oldest call, epoch ms by this device's clock. */
  readonly since: number;
}

export type Call = Partial<Pick<PendingReceipts, 'messages' | 'readUpTo' | 'cleared'>>;

const later = (a: Place | null, b: Place | null): Place | null => (a && (!b || a.order >= b.order) ? a : b);

const laterClear = (a: PendingReceipts['cleared'], b: PendingReceipts['cleared']): PendingReceipts['cleared'] =>
  a === 'whole' || b === 'whole' ? 'whole' : later(a, b);

const isBehind = (order: number | undefined, place: Place | null): boolean => place !== null && order !== undefined && order <= place.order;

/**
 * Adds a call to what is pending.
 *
 * @param covers a conversation read receipt includes the receipts of all earlier messages, so these receipts are left out.
 */
export const merge = (
  before: PendingReceipts | undefined,
  conversation: string,
  call: Call,
  at: number,
  covers: boolean,
): PendingReceipts => {
  const readUpTo = later(before?.readUpTo ?? null, call.readUpTo ?? null);
  const byId = new Map((before?.messages ?? []).map((message) => [message.id, message]));
  for (const message of call.messages ?? []) byId.set(message.id, { ...byId.get(message.id), ...message });
  const messages = [...byId.values()].filter(({ order }) => !covers || !isBehind(order, readUpTo));
  return {
    conversation,
    messages,
    readUpTo,
    cleared: laterClear(before?.cleared ?? null, call.cleared ?? null),
    since: before?.since ?? at,
  };
};

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Takes away sent receipts. Receipts added or changed meanwhile stay. @returns undefined if nothing is left. */
export const without = (now: PendingReceipts, sent: PendingReceipts): PendingReceipts | undefined => {
  const sentById = new Map(sent.messages.map((message) => [message.id, message]));
  const messages = now.messages.filter(
    (message) => !sentById.has(message.id) || !sameText(message.options, sentById.get(message.id)!.options),
  );
  const readUpTo = now.readUpTo && sent.readUpTo && now.readUpTo.order <= sent.readUpTo.order ? null : now.readUpTo;
  const isCleared =
    now.cleared === 'whole' ? sent.cleared === 'whole' : sent.cleared === 'whole' || isBehind(now.cleared?.order, sent.cleared);
  const cleared = isCleared ? null : now.cleared;
  return messages.length > 0 || readUpTo || cleared ? { ...now, messages, readUpTo, cleared } : undefined;
};

/** Leaves only the receipts of these messages. */
export const onlyMessages = (receipts: PendingReceipts, ids: ReadonlySet<string>): PendingReceipts => ({
  ...receipts,
  messages: receipts.messages.filter(({ id }) => ids.has(id)),
  readUpTo: null,
  cleared: null,
});

/** The place up to which the count is gone once the SDK has taken these receipts. */
export const countedUpTo = ({ readUpTo, cleared }: PendingReceipts): number =>
  Math.max(readUpTo?.order ?? -Infinity, cleared === 'whole' || !cleared ? -Infinity : cleared.order);

/**
 * The unread count to show: the SDK's own count without messages read here, pending or taken.
 *
 * @param count the SDK's own count.
 * @param newest the place of the conversation's newest message, if the app knows the place.
 * @param takenUpTo the place up to which the SDK has taken receipts of this device.
 */
export const shownCount = (pending: PendingReceipts | undefined, count: number, newest: number | undefined, takenUpTo: number): number => {
  if (pending?.cleared === 'whole') return 0;
  const upTo = Math.max(takenUpTo, pending ? countedUpTo(pending) : -Infinity);
  if (newest !== undefined && newest <= upTo) return 0;
  const single = (pending?.messages ?? []).filter(({ order }) => order === undefined || order > upTo).length;
  return Math.max(0, count - single);
};
