/** The change feed: what is new for one user between two places, cut into frames that each stand on their own (I-17). */
import type { ConversationId } from '../../model/ids.ts';
import type { WireMessage, WireReceiptChange } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import { cursorAt, versionOfCursor } from './cursors.ts';
import type { ChangedReceipt } from '../store/receipt-records.ts';
import { hasFlags, type Interval, nameOf, type ListedConversation, type ServerReadTx, type FeedRecall } from '../store/server-store.ts';
import { byteLength, messageOf, rowsOf } from './summary-rows.ts';
import { type Viewer, wireMessages } from './wire-messages.ts';

type Changes = Frame<'changes'>;

/** Conversations read at once: a large snapshot is many short transactions. */
const PAGE = 500;
/** More news than this is left for the client to fetch: counts are right without it. */
const MAX_MESSAGES = 200;
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_STEPS = 2000;
/** Far below what a frame may hold: on a slow line a long frame is silence until it is there (F55). */
const FRAME_BUDGET = 32 * 1024;

type Item =
  | { readonly version: number; readonly bytes: number; readonly row: Changes['rows'][number] }
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
  /** Of the messages, by id. */
  readonly messageIds: ReadonlySet<string>;
  /** There were more messages than are told. */
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

const receiptItem = ({ userId: me, membersSeeReaders }: Viewer, changed: ChangedReceipt): Item => {
  const { groupId, seq, messageId, senderId, readCount, memberCount, expired, fresh, by, content, version } = changed;
  const sees = membersSeeReaders || senderId === me;
  return sized(version, {
    receipt: {
      conversationId: `group:${groupId}` as const,
      seq,
      id: messageId,
      ...(sees ? { readCount, memberCount } : { readCount: 0, memberCount: 0 }),
      expired,
      ...(sees && fresh === 1 && by !== null ? { by } : {}),
      ...(sees && fresh === 1 && content !== null ? { content } : {}),
    },
  });
};

const recallItem = ({ in: conversationId, message, version }: FeedRecall): Item =>
  sized(version, { in: conversationId, message: messageOf(message) });

const isRow = (item: Item): number => ('row' in item ? 0 : 1);

/** Frames in order of version; one that must end within a version names the one before, so that whoever stops there asks for it again. */
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
  const close = (at: number): void => {
    version = Math.max(version, at);
    const frame: Changes = {
      type: 'changes',
      from,
      to: to(version),
      rows,
      messages: [...messages].map(([conversationId, list]) => ({ conversationId, messages: list })),
      steps,
      ...(receipts.length > 0 ? { receipts } : {}),
      complete: false,
    };
    frames.push(frame);
    from = frame.to;
    bytes = 0;
    rows = [];
    steps = [];
    receipts = [];
    messages = new Map();
  };
  for (const item of [...items].sort((a, b) => a.version - b.version || isRow(a) - isRow(b))) {
    if (bytes > 0 && bytes + item.bytes > FRAME_BUDGET) close(item.version - 1);
    bytes += item.bytes;
    if ('row' in item) rows.push(item.row);
    else if ('step' in item) steps.push(item.step);
    else if ('receipt' in item) receipts.push(item.receipt);
    else messages.set(item.in, [...(messages.get(item.in) ?? []), item.message]);
  }
  close(end);
  return frames;
};

export interface ChangesPage {
  readonly frames: readonly Changes[];
  /** Whether anything at all is in them. */
  readonly empty: boolean;
  /** Nothing newer existed at that moment; the last frame says so. */
  readonly complete: boolean;
}

/**
 * One page of what is new for the viewer after the cursor; `null` begins a snapshot, which carries no messages, steps and receipts.
 *
 * @param snapshot true also while a snapshot that was begun earlier goes on: its reader knows nothing of the conversations still to come.
 * @returns `undefined` for a cursor that is not of this history.
 */
export const pullPage = async (
  tx: ServerReadTx,
  viewer: Viewer,
  cursor: string | null,
  snapshot: boolean,
): Promise<ChangesPage | undefined> => {
  const { userId: me, membersSeeReaders } = viewer;
  const after = cursor === null ? 0 : await versionOfCursor(tx, cursor);
  if (after === undefined) return undefined;
  const found = await tx.changedConversations(me, { after, upTo: Number.MAX_SAFE_INTEGER }, PAGE);
  // What is still being written may have moved a conversation past the head, away from changes of its own that lie below.
  const conversations = found.filter(({ version }) => version <= tx.head);
  const receipts = snapshot ? [] : await tx.changedReceipts(me, membersSeeReaders, { after, upTo: tx.head }, PAGE);
  const recalls = snapshot ? [] : await tx.missedRecalls(me, { after, upTo: tx.head }, PAGE);
  // Where one of them has more, the page ends at the earliest end; the others are cut to it.
  const ends = [conversations, receipts, recalls].flatMap((list) => (list.length < PAGE ? [] : [list[list.length - 1]!.version]));
  let upTo = Math.min(tx.head, ...ends);
  let complete = ends.length === 0;
  const changed = conversations.filter(({ version }) => version <= upTo);
  const rows = await rowsOf(tx, me, changed, snapshot ? { before: 'nothing' } : { before: 'interval', interval: { after, upTo } });
  // A direct chat without a message was made by a flag of one of the two: to the other it does not exist.
  const visible = rows.filter((row) => row.latestSeq > 0 || row.conversationId.startsWith('group:') || hasFlags(row));
  const items: Item[] = visible.map((row) => sized(row.version, { row }));
  if (!snapshot) {
    const news = await newsOf(tx, viewer, changed, { after, upTo });
    items.push(...news.items, ...recalls.map(recallItem), ...receipts.map((receipt) => receiptItem(viewer, receipt)));
    // Other news may be left out, for whoever misses it asks for it. Who holds what was recalled asks for nothing: all of it is told.
    if (news.cutShort || !complete || conversations.length < found.length) {
      const others = await tx.changedRecalls(me, { after, upTo }, PAGE);
      const end = others.length < PAGE ? upTo : others[others.length - 1]!.version;
      complete &&= end === upTo;
      upTo = end;
      for (const recall of others) if (!news.messageIds.has(recall.message.id)) items.push(recallItem(recall));
    }
  }
  const within = items.filter(({ version }) => version <= upTo);
  const frames = cutIntoFrames(within, cursor, (version) => cursorAt(tx.run, version), after, upTo);
  const last = frames[frames.length - 1]!;
  frames[frames.length - 1] = { ...last, complete };
  return { frames, empty: within.length === 0, complete };
};
