/**
 * The change feed: the changes for one user after a cursor, cut into frames. Each frame is complete in itself
 * (I-17).
 *
 *   cursor of the client = 40                                end of the feed = 52
 *     │                                                            │
 *     ├── frame 40 ─▶ 46 ──┼── frame 46 ─▶ 51 ──┼── 51 ─▶ 52 ──────┤ complete
 *         rows, messages, steps and receipts, in order of version
 *
 * A page holds at most `PAGE` conversations, so a pull reads pages until one is complete. The `to` of a frame
 * is a version only if all its changes up to this version were sent: the client may stop after any frame.
 */
import type { ConversationId, UserId } from '../../model/ids.ts';
import type { WireMessage, WireReceiptChange } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { WireAccount } from '../../protocol/shapes.ts';
import { cursorAt, versionOfCursor } from './cursors.ts';
import type { AckRecord, ChangedReceipt } from '../store/receipt-records.ts';
import { accountOf, hasFlags, type MessageKey, nameOf, type ListedConversation, type FeedRecall } from '../store/records.ts';
import type { Interval, ServerReadTx } from '../store/server-store.ts';
import { byteLength, messageOf, rowsOf } from './summary-rows.ts';
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
/**
 * Budget for one frame in bytes, far below the limit: on a slow line the client hears nothing until a long
 * frame is complete (F55).
 */
export const FRAME_BUDGET = 32 * 1024;

type Item =
  | { readonly version: number; readonly bytes: number; readonly row: Changes['rows'][number] }
  | { readonly version: number; readonly bytes: number; readonly account: WireAccount }
  | { readonly version: number; readonly bytes: number; readonly step: Changes['steps'][number] }
  | { readonly version: number; readonly bytes: number; readonly receipt: WireReceiptChange }
  | { readonly version: number; readonly bytes: number; readonly in: ConversationId; readonly message: WireMessage };

const sized = <T extends object>(version: number, item: T): T & { version: number; bytes: number } => ({
  ...item,
  version,
  bytes: byteLength(JSON.stringify(item)) + 64,
});

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
  const steps = await tx.changedSteps(ids, me, interval, MAX_STEPS + 1);
  if (steps.length <= MAX_STEPS)
    for (const { conversationId, userId, kind, range, at, version } of steps)
      items.push(sized(version, { step: { conversationId: names.get(conversationId)!, by: userId, kind, range: [...range], at } }));
  let bytes = 0;
  const messageIds = new Set<string>();
  const records = await tx.changedMessages(ids, interval, MAX_MESSAGES, MAX_MESSAGE_BYTES);
  for (const { record, message } of await wireMessages(tx, { userId: me, membersSeeReaders }, records)) {
    const item = sized(record.version, { in: names.get(record.conversationId)!, message });
    bytes += item.bytes;
    if (bytes > MAX_MESSAGE_BYTES) break;
    items.push(item);
    messageIds.add(message.id);
  }
  return { items, messageIds, cutShort: records.length === MAX_MESSAGES || messageIds.size < records.length };
};

const keyOf = ({ conversationId, seq }: MessageKey): string => `${conversationId} ${seq}`;

const mayNameReaders = ({ userId, membersSeeReaders }: Viewer, { senderId }: ChangedReceipt): boolean =>
  membersSeeReaders || senderId === userId;

/**
 * The items of one changed receipt record: one for each version at which members read the message, and the state at the record's own
 * version. Each item is true at its version, so a client that stops between two frames has been told each reader exactly once.
 */
const receiptItems = (viewer: Viewer, changed: ChangedReceipt, added: readonly AckRecord[]): Item[] => {
  const { groupId, seq, messageId, readCount, memberCount, expired, newReaders, version } = changed;
  const isSeen = mayNameReaders(viewer, changed);
  const item = (at: number, count: number, readers: readonly AckRecord[]): Item =>
    sized(at, {
      receipt: {
        conversationId: `group:${groupId}` as const,
        seq,
        id: messageId,
        ...(isSeen ? { readCount: count, memberCount } : { readCount: 0, memberCount: 0 }),
        expired,
        ...(readers.length === 0
          ? {}
          : { readers: readers.map(({ userId, content }) => ({ by: userId, ...(content === null ? {} : { content }) })) }),
      },
    });
  const byVersion = new Map<number, AckRecord[]>();
  for (const reader of added) byVersion.set(reader.version, [...(byVersion.get(reader.version) ?? []), reader]);
  let count = readCount - newReaders;
  const items = [...byVersion].map(([at, readers]) => item(at, (count += readers.length), readers));
  return byVersion.has(version) ? items : [...items, item(version, readCount, [])];
};

const recallItem = (me: UserId, { in: conversationId, message, version }: FeedRecall): Item =>
  sized(version, { in: conversationId, message: messageOf(message, me) });

/** The receipt settings of the account, if they changed in the interval: before all rows and messages of their version. */
const accountItems = async (tx: ServerReadTx, me: UserId, { after, upTo }: Interval): Promise<Item[]> => {
  const account = await tx.account(me);
  return account && account.version > after && account.version <= upTo ? [sized(account.version, { account: accountOf(account) })] : [];
};

const rank = (item: Item): number => ('account' in item ? 0 : 'row' in item ? 1 : 2);

/**
 * Cuts the items into frames in order of version. If a frame must end in the middle of a version, its `to` is
 * the version before, so that a client stopping there gets the whole version again.
 */
const cutIntoFrames = (
  items: readonly Item[],
  fromCursor: string | null,
  to: (version: number) => string,
  start: number,
  end: number,
): Changes[] => {
  const frames: Changes[] = [];
  let from = fromCursor;
  let version = start;
  let bytes = 0;
  let rows: Changes['rows'] = [];
  let steps: Changes['steps'] = [];
  let messages = new Map<ConversationId, WireMessage[]>();
  let receipts: WireReceiptChange[] = [];
  let account: WireAccount | undefined;
  const close = (at: number): void => {
    version = Math.max(version, at);
    const frame: Changes = {
      type: 'changes',
      from,
      to: to(version),
      rows,
      messages: [...messages].map(([conversationId, list]) => ({ conversationId, messages: list })),
      steps,
      ...(account ? { account } : {}),
      ...(receipts.length > 0 ? { receipts } : {}),
      complete: false,
    };
    frames.push(frame);
    from = frame.to;
    bytes = 0;
    rows = [];
    steps = [];
    receipts = [];
    account = undefined;
    messages = new Map();
  };
  for (const item of [...items].sort((a, b) => a.version - b.version || rank(a) - rank(b))) {
    if (bytes > 0 && bytes + item.bytes > FRAME_BUDGET) close(item.version - 1);
    bytes += item.bytes;
    if ('row' in item) rows.push(item.row);
    else if ('account' in item) account = item.account;
    else if ('step' in item) steps.push(item.step);
    else if ('receipt' in item) receipts.push(item.receipt);
    else messages.set(item.in, [...(messages.get(item.in) ?? []), item.message]);
  }
  close(end);
  return frames;
};

export interface ChangesPage {
  readonly frames: readonly Changes[];
  /** Whether the frames contain no item. */
  readonly empty: boolean;
  /** Nothing newer existed in this transaction. The last frame carries the same flag. */
  readonly complete: boolean;
}

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
  const found = await tx.changedConversations(me, { after, upTo: Number.MAX_SAFE_INTEGER }, PAGE);
  // A running transaction may have moved a conversation past the end of the feed, together with older
  // changes of the conversation below the end.
  const conversations = found.filter(({ version }) => version <= tx.feedEnd);
  // A message changes again with each reader. A page that left the message out would also leave out its readers within the page.
  const mostReceipts = names === 'all' ? Number.MAX_SAFE_INTEGER : PAGE;
  const receipts = snapshot ? [] : await tx.changedReceipts(me, membersSeeReaders, { after, upTo: tx.feedEnd }, mostReceipts);
  const recalls = snapshot ? [] : await tx.missedRecalls(me, { after, upTo: tx.feedEnd }, PAGE);
  const named = names === 'all' ? receipts.filter((receipt) => mayNameReaders(viewer, receipt)) : [];
  const readers = await tx.addedReaders(named, { after, upTo: tx.feedEnd }, MAX_READERS);
  // If one of the lists has more, the page ends at the earliest end and the other lists are cut there.
  const endOf = (list: readonly { readonly version: number }[], most: number): number[] =>
    list.length < most ? [] : [list[list.length - 1]!.version];
  const ends = [
    ...[conversations, recalls].flatMap((list) => endOf(list, PAGE)),
    ...endOf(receipts, mostReceipts),
    ...endOf(readers, MAX_READERS),
  ];
  let upTo = Math.min(tx.feedEnd, ...ends);
  let complete = ends.length === 0;
  const changed = conversations.filter(({ version }) => version <= upTo);
  const rows = await rowsOf(tx, me, changed, snapshot ? { before: 'nothing' } : { before: 'interval', interval: { after, upTo } });
  // A direct chat without a message exists only for a user with a flag in the chat.
  const visible = rows.filter((row) => row.latestSeq > 0 || row.conversationId.startsWith('group:') || hasFlags(row));
  const items: Item[] = [
    ...(await accountItems(tx, me, { after, upTo: tx.feedEnd })),
    ...visible.map((row): Item => sized(row.version, { row })),
  ];
  if (!snapshot) {
    const news = await newsOf(tx, viewer, changed, { after, upTo });
    items.push(...news.items, ...recalls.map((recall) => recallItem(me, recall)));
    const added = new Map<string, AckRecord[]>();
    for (const reader of readers) {
      const of = keyOf(reader);
      added.set(of, [...(added.get(of) ?? []), reader]);
    }
    for (const receipt of receipts) items.push(...receiptItems(viewer, receipt, added.get(keyOf(receipt)) ?? []));
    // Messages may be left out because the client fetches gaps. Recalls may not: a client with the old text
    // would never ask again.
    if (news.cutShort || !complete || conversations.length < found.length) {
      const others = await tx.changedRecalls(me, { after, upTo }, PAGE);
      const end = others.length < PAGE ? upTo : others[others.length - 1]!.version;
      complete &&= end === upTo;
      upTo = end;
      for (const recall of others) if (!news.messageIds.has(recall.message.id)) items.push(recallItem(me, recall));
    }
  }
  const within = items.filter(({ version }) => version <= upTo);
  const frames = cutIntoFrames(within, cursor, (version) => cursorAt(tx.run, version), after, upTo);
  const last = frames[frames.length - 1]!;
  frames[frames.length - 1] = { ...last, complete, ...(complete ? { asOf: tx.begunAt } : {}) };
  return { frames, empty: within.length === 0, complete };
};
