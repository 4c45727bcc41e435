/**
 * The change feed: the changes for one user after a cursor, cut into frames. Each frame is complete in itself
 * (I-17).
 *
 *   cursor of the client = 40                                end of the feed = 52
 *     │                                                            │
 *     ├── frame 40 ─▶ 46 ──┼── frame 46 ─▶ 51 ──┼── 51 ─▶ 52 ──────┤ complete
 *         rows, messages, steps and receipts, in order of version
 *
 * A page holds at most `PAGE` conversations, so a pull reads pages until the first complete page. The `to` of a frame
 * is a version only if all its changes up to this version were sent: the client may stop after any frame.
 */
import { type ConversationId, conversationType, type UserId } from '../../model/ids.ts';
import type { Frame } from '../../protocol/frames.ts';
import { cutIntoFrames } from './cut-frames.ts';
import { cursorAt, versionOfCursor } from './cursors.ts';
import { settingsWithVersion, hasFlags, nameOf, type AccountRecord, type ListedConversation, type FeedRecall } from '../store/records.ts';
import type { Interval, ServerReadTx } from '../store/server-store.ts';
import { type Item, receiptItems, sized } from './feed-items.ts';
import { wireMessageOf, rowsOf } from './summary-rows.ts';
import { visibleMessages } from './visible-messages.ts';
import { type Viewer, wireMessages } from './wire-messages.ts';

type Changes = Frame<'changes'>;

/** Conversations in one page: a large snapshot is many short transactions. */
const PAGE = 500;
/**
 * The largest number of messages in one page. The client fetches the others; unread counts are right without
 * them.
 */
const MAX_MESSAGES = 200;
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_STEPS = 2000;
/** The largest number of readers in one page. */
const MAX_READERS = 1000;
interface News {
  readonly items: readonly Item[];
  /** Ids of the messages among the items. */
  readonly messageIds: ReadonlySet<string>;
  /** Whether some messages of the interval were left out. */
  readonly cutShort: boolean;
}

const newsOf = async (
  tx: ServerReadTx,
  { userId: me, membersSeeReaders }: Viewer,
  changed: readonly ListedConversation[],
  interval: Interval,
): Promise<News> => {
  const names = new Map(changed.filter(({ left }) => !left).map((one): [number, ConversationId] => [one.id, nameOf(one, me)]));
  const ids = [...names.keys()];
  const items: Item[] = [];
  const [steps, records] = await Promise.all([
    tx.changedSteps(ids, me, interval, MAX_STEPS + 1),
    tx.changedMessages(ids, interval, MAX_MESSAGES, MAX_MESSAGE_BYTES),
  ]);
  if (steps.length <= MAX_STEPS)
    for (const { conversationId, userId, kind, range, at, version } of steps)
      items.push(sized(version, { step: { conversationId: names.get(conversationId)!, by: userId, kind, range: [...range], at } }));
  let bytes = 0;
  const messageIds = new Set<string>();
  const among = new Set(records.map(({ conversationId }) => conversationId));
  const visible = await visibleMessages(
    tx,
    me,
    changed.filter(({ id }) => among.has(id)),
  );
  const shown = records.filter((record) => visible.has(record));
  for (const { record, message } of await wireMessages(tx, { userId: me, membersSeeReaders }, shown)) {
    const item = sized(record.version, { in: names.get(record.conversationId)!, message });
    bytes += item.bytes;
    if (bytes > MAX_MESSAGE_BYTES) break;
    items.push(item);
    messageIds.add(message.id);
  }
  return { items, messageIds, cutShort: records.length === MAX_MESSAGES || messageIds.size < shown.length };
};

const recallItem = (me: UserId, { in: conversationId, message, version }: FeedRecall): Item =>
  sized(version, { in: conversationId, message: wireMessageOf(message, me) });

/** The recalls of messages that the user may get. */
const visibleRecalls = async (tx: ServerReadTx, me: UserId, recalls: readonly FeedRecall[]): Promise<readonly FeedRecall[]> => {
  if (recalls.length === 0) return recalls;
  const conversations = new Map(recalls.map(({ in: name, message }) => [message.conversationId, name]));
  const visible = await visibleMessages(
    tx,
    me,
    [...conversations].map(([id, name]) => ({ id, groupId: conversationType(name) === 'group' ? name : null })),
  );
  return recalls.filter(({ message }) => visible.has(message));
};

/** The receipt settings of the account, if they changed in the interval: before all rows and messages of their version. */
const accountItems = (account: AccountRecord | undefined, { after, upTo }: Interval): Item[] =>
  account && account.version > after && account.version <= upTo ? [sized(account.version, { account: settingsWithVersion(account) })] : [];

export interface ChangesPage {
  readonly frames: readonly Changes[];
  /** For each frame, true if a client that stops after the frame gets no item of the frame again. */
  readonly whole: readonly boolean[];
  /** Whether the frames contain no item. */
  readonly empty: boolean;
  /** Nothing newer existed in this transaction. The last frame carries the same flag. */
  readonly complete: boolean;
  /**
   * Changes for the user may be committed above the end of the feed. No hint tells when the feed reaches such
   * changes.
   */
  readonly isBehind: boolean;
}

/** The largest number of conversations of one user that changed above the end of the feed. */
const MAX_AHEAD = 10_000;

/**
 * The conversations that changed above the end of the feed. Such a conversation may have messages and steps below the
 * end. The feed sends these by their own versions, because the cursor passes them.
 */
const aheadOf = async (tx: ServerReadTx, me: UserId, found: readonly ListedConversation[]): Promise<readonly ListedConversation[]> =>
  found.length < PAGE
    ? found.filter(({ version }) => version > tx.feedEnd)
    : tx.changedConversations(me, { after: tx.feedEnd, upTo: Number.MAX_SAFE_INTEGER }, MAX_AHEAD);

/**
 * The rows of conversations that are ahead of the feed, but have news below its end. Each row is an item before its
 * news, because a device must know a conversation before its messages. The feed tells each row again at its own
 * version.
 */
const rowsAhead = async (tx: ServerReadTx, me: UserId, ahead: readonly ListedConversation[], news: readonly Item[]): Promise<Item[]> => {
  const first = new Map<ConversationId, number>();
  for (const item of news) {
    const name = 'in' in item ? item.in : 'step' in item ? item.step.conversationId : undefined;
    if (name !== undefined) first.set(name, Math.min(item.version, first.get(name) ?? Infinity));
  }
  const told = ahead.filter((one) => first.has(nameOf(one, me)));
  const rows = await rowsOf(tx, me, told, { before: 'nothing' });
  return rows.map((row) => sized(first.get(row.conversationId)!, { row }));
};

/**
 * Reads one page of changes for the viewer after the cursor. `null` begins a snapshot, without messages,
 * steps and receipts.
 *
 * @param snapshot also true while an earlier snapshot continues: its reader knows none of the remaining
 * conversations.
 * @param names `all` names the readers of group messages in the interval: for a client that is live. A catch-up needs the numbers only.
 * @returns `undefined` for a cursor of another history.
 */
export const pullPage = async (
  tx: ServerReadTx,
  viewer: Viewer,
  cursor: string | null,
  snapshot: boolean,
  names: 'all' | 'none' = 'none',
): Promise<ChangesPage | undefined> => {
  const { userId: me, membersSeeReaders } = viewer;
  const after = cursor === null ? 0 : await versionOfCursor(tx, cursor);
  if (after === undefined) return undefined;
  const [found, receipts, recalls, account] = await Promise.all([
    tx.changedConversations(me, { after, upTo: Number.MAX_SAFE_INTEGER }, PAGE),
    snapshot ? [] : tx.changedReceipts(me, membersSeeReaders, { after, upTo: tx.feedEnd }, PAGE),
    snapshot ? [] : tx.missedRecalls(me, { after, upTo: tx.feedEnd }, PAGE),
    tx.account(me),
  ]);
  const conversations = found.filter(({ version }) => version <= tx.feedEnd);
  const ahead = snapshot && conversations.length >= PAGE ? [] : await aheadOf(tx, me, found);
  const isNamed = names === 'all' && !snapshot && (receipts.length > 0 || tx.isBehind);
  const readers = isNamed ? await tx.addedReaders(me, membersSeeReaders, { after, upTo: tx.feedEnd }, MAX_READERS) : [];
  // If one of the lists has more, the page ends at the earliest end and the other lists are cut there.
  const endOf = (list: readonly { readonly version: number }[], most: number): number[] =>
    list.length < most ? [] : [list[list.length - 1]!.version];
  const ends = [...[conversations, recalls, receipts].flatMap((list) => endOf(list, PAGE)), ...endOf(readers, MAX_READERS)];
  let upTo = Math.min(tx.feedEnd, ...ends);
  let complete = ends.length === 0;
  const changed = conversations.filter(({ version }) => version <= upTo);
  const interval: Interval = { after, upTo };
  // What comes after a snapshot is news. So a snapshot ends with the rows ahead of the feed: their conversations may have a long history.
  const [rows, news] = await Promise.all([
    snapshot ? rowsOf(tx, me, [...changed, ...ahead], { before: 'nothing' }) : rowsOf(tx, me, changed, { before: 'interval', interval }),
    snapshot ? undefined : newsOf(tx, viewer, [...changed, ...ahead], interval),
  ]);
  // A direct chat without a message exists only for a user with a flag in the chat.
  const visible = rows.filter((row) => row.latestSeq > 0 || row.conversationId.startsWith('group:') || hasFlags(row));
  const items: Item[] = [
    ...accountItems(account, { after, upTo: tx.feedEnd }),
    ...visible.map((row): Item => sized(Math.min(row.version, upTo), { row })),
  ];
  if (news) {
    items.push(
      ...news.items,
      ...(await rowsAhead(tx, me, ahead, news.items)),
      ...(await visibleRecalls(tx, me, recalls)).map((recall) => recallItem(me, recall)),
    );
    items.push(...receiptItems(viewer, receipts, readers));
    // Messages may be left out because the client fetches gaps. Recalls may not: a client with the old text
    // would never ask again.
    if (news.cutShort || !complete || conversations.length < found.length) {
      const others = await tx.changedRecalls(me, { after, upTo }, PAGE);
      const end = others.length < PAGE ? upTo : others[others.length - 1]!.version;
      complete &&= end === upTo;
      upTo = end;
      for (const recall of await visibleRecalls(tx, me, others))
        if (!news.messageIds.has(recall.message.id)) items.push(recallItem(me, recall));
    }
  }
  const within = items.filter(({ version }) => version <= upTo);
  const { frames, whole } = cutIntoFrames(within, cursor, (version) => cursorAt(tx.run, version), after, upTo);
  const last = frames[frames.length - 1]!;
  frames[frames.length - 1] = { ...last, complete, ...(complete ? { asOf: tx.begunAt } : {}) };
  const empty = within.length === 0;
  return { frames, whole, empty, complete, isBehind: ahead.length > 0 || (tx.isBehind && empty) };
};
