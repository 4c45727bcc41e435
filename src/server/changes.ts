/** The change feed: what is new for one user between two places, cut into frames that each stand on their own (I-17). */
import type { ConversationId, UserId } from '../model/ids.ts';
import type { ReceiptTimes } from '../model/receipt.ts';
import { MAX_SERVER_FRAME_BYTES } from '../protocol/codec.ts';
import type { WireMessage } from '../protocol/changes.ts';
import type { Frame } from '../protocol/frames.ts';
import { cursorAt, versionOfCursor } from './cursors.ts';
import { type MessageRecord, peerOf, type Place, type ServerReadTx } from './server-store.ts';
import { byteLength, messageOf, rowsOf } from './summary-rows.ts';

type Changes = Frame<'changes'>;

/** Conversations read at once: a large snapshot is many short transactions. */
const PAGE = 500;
/** More news than this is left for the client to fetch: counts are right without it. */
const MAX_MESSAGES = 200;
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_STEPS = 2000;
const FRAME_BUDGET = MAX_SERVER_FRAME_BYTES - 2048;

/** Own messages carry the times their receipts have so far. */
export const withTimes = async (
  tx: ServerReadTx,
  me: UserId,
  records: readonly MessageRecord[],
): Promise<readonly { readonly record: MessageRecord; readonly message: WireMessage }[]> => {
  const own: Place[] = records.filter(({ senderId }) => senderId === me);
  const times = new Map<string, ReceiptTimes>();
  for (const { conversationId, seq, kind, at } of own.length > 0 ? await tx.stepTimes(me, own) : []) {
    const place = `${conversationId} ${seq}`;
    times.set(place, { ...times.get(place), [kind]: at });
  }
  return records.map((record) => {
    const known = times.get(`${record.conversationId} ${record.seq}`);
    return { record, message: known ? { ...messageOf(record), times: known } : messageOf(record) };
  });
};

type Item =
  | { readonly version: number; readonly bytes: number; readonly row: Changes['rows'][number] }
  | { readonly version: number; readonly bytes: number; readonly step: Changes['steps'][number] }
  | { readonly version: number; readonly bytes: number; readonly in: ConversationId; readonly message: WireMessage };

const sized = <T extends object>(version: number, item: T): T & { version: number; bytes: number } => ({
  ...item,
  version,
  bytes: byteLength(JSON.stringify(item)) + 64,
});

const newsOf = async (
  tx: ServerReadTx,
  me: UserId,
  names: ReadonlyMap<number, ConversationId>,
  after: number,
  upTo: number,
): Promise<readonly Item[]> => {
  const ids = [...names.keys()];
  const interval = { after, upTo };
  const items: Item[] = [];
  const steps = await tx.changedSteps(ids, me, interval, MAX_STEPS + 1);
  if (steps.length <= MAX_STEPS)
    for (const { conversationId, userId, kind, range, at, version } of steps)
      items.push(sized(version, { step: { conversationId: names.get(conversationId)!, by: userId, kind, range: [...range], at } }));
  let bytes = 0;
  const records = await tx.changedMessages(ids, interval, MAX_MESSAGES);
  for (const { record, message } of await withTimes(tx, me, records)) {
    const item = sized(record.version, { in: names.get(record.conversationId)!, message });
    bytes += item.bytes;
    if (bytes > MAX_MESSAGE_BYTES) break;
    items.push(item);
  }
  return items;
};

const isRow = (item: Item): number => ('row' in item ? 0 : 1);

/** Frames in order of version; one that must end within a version names the one before, so that whoever stops there asks for it again. */
const cut = (items: readonly Item[], fromCursor: string | null, to: (version: number) => string, start: number, end: number): Changes[] => {
  const frames: Changes[] = [];
  let from = fromCursor;
  let version = start;
  let bytes = 0;
  let rows: Changes['rows'] = [];
  let steps: Changes['steps'] = [];
  let messages = new Map<ConversationId, WireMessage[]>();
  const close = (at: number): void => {
    version = Math.max(version, at);
    const frame: Changes = {
      type: 'changes',
      from,
      to: to(version),
      rows,
      messages: [...messages].map(([conversationId, list]) => ({ conversationId, messages: list })),
      steps,
      complete: false,
    };
    frames.push(frame);
    from = frame.to;
    bytes = 0;
    rows = [];
    steps = [];
    messages = new Map();
  };
  for (const item of [...items].sort((a, b) => a.version - b.version || isRow(a) - isRow(b))) {
    if (bytes > 0 && bytes + item.bytes > FRAME_BUDGET) close(item.version - 1);
    bytes += item.bytes;
    if ('row' in item) rows.push(item.row);
    else if ('step' in item) steps.push(item.step);
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
 * One page of what is new for `me` after the cursor; `null` begins a snapshot, which carries no messages and no steps.
 *
 * @param snapshot true while a snapshot begun earlier goes on.
 * @returns `undefined` for a cursor that is not of this history.
 */
export const pullPage = async (
  tx: ServerReadTx,
  me: UserId,
  cursor: string | null,
  snapshot: boolean,
): Promise<ChangesPage | undefined> => {
  const after = cursor === null ? 0 : await versionOfCursor(tx, cursor);
  if (after === undefined) return undefined;
  const changed = await tx.changedConversations(me, { after, upTo: tx.head }, PAGE);
  const complete = changed.length < PAGE;
  const upTo = complete ? tx.head : changed[changed.length - 1]!.version;
  const rows = await rowsOf(tx, me, changed);
  const items: Item[] = rows.map((row) => sized(row.version, { row }));
  if (!snapshot && changed.length > 0) {
    const names = new Map(changed.map((one): [number, ConversationId] => [one.id, `direct:${peerOf(one, me)}`]));
    items.push(...(await newsOf(tx, me, names, after, upTo)));
  }
  const frames = cut(items, cursor, (version) => cursorAt(tx.run, version), after, upTo);
  const last = frames[frames.length - 1]!;
  frames[frames.length - 1] = { ...last, complete };
  return { frames, empty: items.length === 0, complete };
};
