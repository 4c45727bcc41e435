/**
 * What a `submit` frame does: each entry on its own, all in one transaction, a handful of statements whatever their number.
 * There is no table of operations: the effect's natural key makes a retry harmless, and what is in effect already is `acked`.
 */
import * as v from 'valibot';
import { conversationTarget, type ConversationId, type UserId } from '../model/ids.ts';
import { MAX_BODY_BYTES } from '../model/message.ts';
import type { RejectedCode } from '../errors.ts';
import { MAX_SERVER_FRAME_BYTES } from '../protocol/codec.ts';
import {
  EntryShape,
  type WireEntry,
  type WireMessageEntry,
  type WireReceiptsEntry,
  type WireRecallEntry,
  type WireResult,
} from '../protocol/submit.ts';
import { applyReceipts, prepareReceipts, type ReceiptsInput, type ReceiptsWork } from './apply-receipts.ts';
import { versionOfCursor } from './cursors.ts';
import { type ConversationRecord, type MemberRecord, type MessageRecord, peerOf, type ServerTx, type StepRecord } from './server-store.ts';
import { byteLength, rowsOf } from './summary-rows.ts';

type Rejected = Extract<WireResult, { outcome: 'rejected' }>;

/** An entry as it came, and as far as it could be read. */
export type ReadEntry = { readonly key: string; readonly entry: WireEntry } | { readonly key: string; readonly refusal: Rejected };

const reject = (key: string, code: RejectedCode, message: string): Rejected => ({ outcome: 'rejected', key, code, message });

const UNPAIRED = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const refusalOf = (me: UserId, entry: WireEntry): Rejected | undefined => {
  const { key, conversationId } = entry;
  if (conversationId.startsWith('group:')) return noSuchConversation(key);
  if (conversationTarget(conversationId) === me) return reject(key, 'rejected/unsupported', 'a direct conversation needs somebody else');
  if (entry.kind !== 'message') return undefined;
  if (entry.body.length > MAX_BODY_BYTES || byteLength(entry.body) > MAX_BODY_BYTES)
    return reject(key, 'rejected/too-large', `body is over ${MAX_BODY_BYTES} bytes`);
  if (entry.body.includes('\u0000') || UNPAIRED.test(entry.body))
    return reject(key, 'rejected/unsupported', 'body holds NUL or half a surrogate pair');
  return undefined;
};

const noSuchConversation = (key: string): Rejected => reject(key, 'rejected/no-such-conversation', 'no such conversation');

/** Each entry is read alone: a malformed one, or one of a kind this server does not know, is refused by its key (F62, F105). */
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

/** Whose entries they are, as the session says: never the frame (I-24). */
export interface Author {
  readonly userId: UserId;
  readonly deviceId: string;
}

/** What came of a frame: one result per entry, in their order, and whom the changes concern. */
export interface Applied {
  readonly results: readonly WireResult[];
  readonly touched: ReadonlySet<UserId>;
}

/** The conversations of one frame while its entries are applied, written back once at the end. */
class Desk {
  readonly #members = new Map<number, MemberRecord>();
  readonly #conversations = new Map<UserId, ConversationRecord>();
  readonly #changed = new Set<UserId>();
  readonly #changedMembers = new Set<number>();
  readonly messages: MessageRecord[] = [];
  readonly recalled: MessageRecord[] = [];
  readonly steps: StepRecord[] = [];

  constructor(
    readonly me: UserId,
    readonly deviceId: string,
    readonly version: number,
    readonly now: number,
  ) {}

  lay(conversations: readonly ConversationRecord[], members: readonly MemberRecord[]): void {
    for (const conversation of conversations) this.#conversations.set(peerOf(conversation, this.me), conversation);
    for (const member of members) if (member.userId === this.me) this.#members.set(member.conversationId, member);
  }

  conversation(id: ConversationId): ConversationRecord | undefined {
    return this.#conversations.get(conversationTarget(id));
  }

  /** Its own row; laid together with its conversation. */
  member(conversation: ConversationRecord): MemberRecord {
    return this.#members.get(conversation.id)!;
  }

  change(conversation: ConversationRecord, latestSeq = conversation.latestSeq): void {
    const peer = peerOf(conversation, this.me);
    this.#conversations.set(peer, { ...conversation, latestSeq, version: Math.max(conversation.version, this.version) });
    this.#changed.add(peer);
  }

  changeMember(member: MemberRecord): void {
    this.#members.set(member.conversationId, member);
    this.#changedMembers.add(member.conversationId);
  }

  async writeBack(tx: ServerTx): Promise<void> {
    if (this.#changed.size === 0) return;
    await tx.putConversations([...this.#changed].map((peer) => this.#conversations.get(peer)!));
    if (this.#changedMembers.size > 0) await tx.putMembers([...this.#changedMembers].map((id) => this.#members.get(id)!));
    if (this.messages.length > 0) await tx.insertMessages(this.messages);
    if (this.recalled.length > 0) await tx.putMessages(this.recalled);
    if (this.steps.length > 0) await tx.insertSteps(this.steps);
  }

  get touched(): ReadonlySet<UserId> {
    return this.#changed.size === 0 ? new Set() : new Set([this.me, ...this.#changed]);
  }
}

type Outcome = WireResult | { readonly key: string; readonly conversationId: ConversationId; readonly extra: object };

const acked = (entry: WireEntry, extra: object = {}): Outcome => ({ key: entry.key, conversationId: entry.conversationId, extra });

const sameMessage = (held: MessageRecord, entry: WireMessageEntry, me: UserId, conversation: ConversationRecord | undefined): boolean =>
  held.senderId === me &&
  held.conversationId === conversation?.id &&
  held.countable === entry.countable &&
  held.receiptRequested === entry.receiptRequested &&
  (held.recalled || held.body === entry.body);

const applyMessage = (desk: Desk, held: Map<string, MessageRecord>, entry: WireMessageEntry, mayWrite: boolean): Outcome => {
  const conversation = desk.conversation(entry.conversationId);
  const before = held.get(entry.id);
  // What is there already is acked before anything else is asked again: the first answer may have been lost (F61).
  if (before)
    return sameMessage(before, entry, desk.me, conversation)
      ? acked(entry, { message: { seq: before.seq, sentAt: before.sentAt } })
      : reject(entry.key, 'rejected/id-conflict', 'this id already names another message');
  if (!mayWrite || !conversation) return reject(entry.key, 'rejected/permission-denied', 'writing to this user is not allowed');
  const seq = conversation.latestSeq + 1;
  const record: MessageRecord = {
    conversationId: conversation.id,
    seq,
    id: entry.id,
    senderId: desk.me,
    sentAt: desk.now,
    body: entry.body,
    receiptRequested: entry.receiptRequested,
    countable: entry.countable,
    recalled: false,
    version: desk.version,
  };
  desk.messages.push(record);
  held.set(entry.id, record);
  desk.change(conversation, seq);
  return acked(entry, { message: { seq, sentAt: desk.now } });
};

/** By its sender only; what is recalled already stays so. Whoever may not see the message is answered as if it did not exist. */
const applyRecall = (desk: Desk, held: Map<string, MessageRecord>, entry: WireRecallEntry): Outcome => {
  const conversation = desk.conversation(entry.conversationId);
  if (!conversation) return noSuchConversation(entry.key);
  const before = held.get(entry.id);
  if (before?.conversationId !== conversation.id) return reject(entry.key, 'rejected/unknown-message', 'no such message');
  if (before.senderId !== desk.me) return reject(entry.key, 'rejected/permission-denied', 'only its sender can recall a message');
  if (before.recalled) return acked(entry);
  const record: MessageRecord = { ...before, body: '', recalled: true, version: Math.max(before.version, desk.version) };
  held.set(entry.id, record);
  desk.recalled.push(record);
  desk.change(conversation);
  return acked(entry);
};

const applyOwed = (desk: Desk, entry: WireReceiptsEntry, work: ReceiptsWork | undefined): Outcome => {
  const conversation = desk.conversation(entry.conversationId);
  if (!work || !conversation) return noSuchConversation(entry.key);
  const effect = applyReceipts(desk.member(conversation), work, { deviceId: desk.deviceId, at: desk.now });
  if (effect) {
    desk.changeMember(effect.member);
    desk.steps.push(...effect.steps.map((step) => ({ ...step, at: desk.now, version: desk.version })));
    desk.change(conversation);
  }
  return acked(entry, work.refused.length > 0 ? { refused: work.refused } : {});
};

/**
 * Applies the entries of one frame, in order, for their author.
 *
 * @param mayWrite whom the author may write to, asked of the directory beforehand: a host's own check must not hold locks.
 */
export const applyEntries = async (
  tx: ServerTx,
  { userId: me, deviceId }: Author,
  read: readonly ReadEntry[],
  mayWrite: (peer: UserId) => boolean,
): Promise<Applied> => {
  const entries = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
  const peers = [...new Set(entries.map(({ conversationId }) => conversationTarget(conversationId)))];
  let conversations = await tx.lockConversations(me, peers);

  // Ids are looked up under the locks, so that two sends of one message meet here and not in the index.
  const ids = new Set(entries.flatMap((entry) => (entry.kind === 'receipts' ? (entry.ackedIds ?? []) : [entry.id])));
  const held = new Map((await tx.messagesById([...ids])).map((message) => [message.id, message]));
  const there = new Set(conversations.map((one) => peerOf(one, me)));
  const missing = new Set<UserId>();
  for (const entry of entries) {
    const peer = conversationTarget(entry.conversationId);
    if (entry.kind === 'message' && !there.has(peer) && !held.has(entry.id) && mayWrite(peer)) missing.add(peer);
  }
  if (missing.size > 0) {
    await tx.createConversations(me, [...missing]);
    conversations = await tx.lockConversations(me, peers);
  }

  const desk = new Desk(me, deviceId, tx.version, await tx.now());
  desk.lay(conversations, await tx.members(conversations.map(({ id }) => id)));
  const works = await prepare(tx, desk, entries, held);

  const outcomes = read.map((one): Outcome => {
    if ('refusal' in one) return one.refusal;
    const { entry } = one;
    switch (entry.kind) {
      case 'message':
        return applyMessage(desk, held, entry, mayWrite(conversationTarget(entry.conversationId)));
      case 'recall':
        return applyRecall(desk, held, entry);
      case 'receipts':
        return applyOwed(desk, entry, works.get(entry));
    }
  });
  await desk.writeBack(tx);
  return { results: await withRows(tx, desk, outcomes), touched: desk.touched };
};

const prepare = async (
  tx: ServerTx,
  desk: Desk,
  entries: readonly WireEntry[],
  held: ReadonlyMap<string, MessageRecord>,
): Promise<ReadonlyMap<WireReceiptsEntry, ReceiptsWork>> => {
  const known = new Map<string, boolean>();
  const inputs: ReceiptsInput[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'receipts') continue;
    const conversation = desk.conversation(entry.conversationId);
    if (!conversation) continue;
    const { cursor } = entry;
    if (cursor !== null && !known.has(cursor)) known.set(cursor, (await versionOfCursor(tx, cursor)) !== undefined);
    const isKnown = cursor === null || known.get(cursor) === true;
    inputs.push({ entry, known: isKnown, conversation, member: desk.member(conversation) });
  }
  if (inputs.length === 0) return new Map();
  const works = await prepareReceipts(tx, desk.me, inputs, held);
  return new Map(works.map((work) => [work.entry, work]));
};

/** Half of what a frame may hold, so that rows counted in characters stay below it in bytes whatever the names are made of. */
const ROW_BUDGET = MAX_SERVER_FRAME_BYTES / 2;

/**
 * Every acked entry carries the row its frame left behind. Where that grows too long, a row is told once, and what does not fit at
 * all is asked for again: it is in effect, so the repetition is an answer and nothing more.
 */
const withRows = async (tx: ServerTx, desk: Desk, outcomes: readonly Outcome[]): Promise<readonly WireResult[]> => {
  const wanted = new Map<number, ConversationRecord>();
  for (const one of outcomes) {
    const conversation = 'extra' in one ? desk.conversation(one.conversationId) : undefined;
    if (conversation) wanted.set(conversation.id, conversation);
  }
  const rows = new Map((await rowsOf(tx, desk.me, [...wanted.values()])).map((row) => [row.conversationId, row]));
  const lengths = new Map([...rows].map(([id, row]) => [id, byteLength(JSON.stringify(row))]));
  let spent = 0;
  const told = new Set<ConversationId>();
  return outcomes.map((one): WireResult => {
    if (!('extra' in one)) return one;
    const { key, conversationId, extra } = one;
    const length = lengths.get(conversationId) ?? 0;
    const fits = spent + length <= ROW_BUDGET;
    if (!fits && !told.has(conversationId)) return { outcome: 'retry', key, retryAfterMs: 0 };
    if (fits) spent += length;
    told.add(conversationId);
    return { outcome: 'acked', key, row: fits ? (rows.get(conversationId) ?? null) : null, ...extra };
  });
};
