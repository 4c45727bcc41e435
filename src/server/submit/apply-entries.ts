/**
 * What a `submit` frame does: each entry on its own, all in one transaction, a handful of statements whatever their number.
 * There is no table of operations: the effect's natural key makes a retry harmless, and what is in effect already is `named`.
 */
import { conversationTarget, type ConversationId, type Seq, type UserId } from '../../model/ids.ts';
import type { Cursor } from '../../model/outbox-entry.ts';
import type { ReceiptPolicy } from '../../protocol/frames.ts';
import type { PushFrame } from '../../protocol/push.ts';
import type { WireEntry, WireReceiptsEntry, WireResult } from '../../protocol/submit.ts';
import { confirmed, type Outcome, withRows } from './answer-rows.ts';
import { freshSeqs, type GroupWork, prepareGroupAcks, recordGroupAcks } from './apply-group-acks.ts';
import { applyMessage, applyRecall } from './apply-message.ts';
import { applyReceipts, prepareReceipts, type ReceiptsInput, type ReceiptsWork } from './apply-receipts.ts';
import type { Hint } from '../bus.ts';
import { cursorAt, reachOfCursor } from '../feed/cursors.ts';
import { SubmitWork } from './submit-work.ts';
import { noSuchConversation, type ReadEntry } from './read-entries.ts';
import { type ConversationRecord, hasFlags, type MemberRecord, nameOf, type ServerReadTx, type ServerTx } from '../store/server-store.ts';

/** Whose entries they are, as the session says: never the frame (I-24). */
export interface Author {
  readonly userId: UserId;
  readonly deviceId: string;
}

/** What is decided outside the store. */
export interface Rules {
  /** Whom the author may write to, asked of the directory beforehand: a host's own check must not hold locks. */
  mayWrite(peer: UserId): boolean;
  /** Asked within the transaction. */
  receipts(): ReceiptPolicy;
}

/** What came of a frame: one result per entry, in their order, and whom the changes concern. */
export interface Applied {
  readonly results: readonly WireResult[];
  readonly hints: readonly Hint[];
  /** Of new messages: made only where a host asks. */
  readonly pushes: () => readonly PushFrame[];
  /** Where all of what was acked is in the history; absent where nothing was. */
  readonly at?: Cursor;
}

/** Every id an entry names. */
const idsIn = (entry: WireEntry): readonly string[] =>
  entry.kind === 'receipts' ? [...(entry.namedIds ?? []), ...(entry.contents ?? []).map(({ id }) => id)] : [entry.id];

/** A flag is its user's own affair: it asks nobody, and waits at the server for the first message. */
const setsFlag = (entry: WireEntry): boolean => entry.kind === 'receipts' && Boolean(entry.muted ?? entry.marked);

/** The direct chats that this frame needs and that do not exist for its author: for first messages, and for flags of chats without one. */
const missingDirectChats = (
  entries: readonly WireEntry[],
  names: ReadonlySet<ConversationId>,
  isStored: (id: string) => boolean,
  mayWrite: (peer: UserId) => boolean,
): ReadonlySet<UserId> => {
  const missing = new Set<UserId>();
  for (const entry of entries) {
    const { conversationId } = entry;
    if (conversationId.startsWith('group:') || names.has(conversationId)) continue;
    const peer = conversationTarget(conversationId);
    if (setsFlag(entry) || (entry.kind === 'message' && !isStored(entry.id) && mayWrite(peer))) missing.add(peer);
  }
  return missing;
};

/**
 * The conversations of these names that exist for the author, locked, with the author's own rows. One in which only the peer has set a
 * flag does not exist for the author: the flag is told to nobody else.
 */
const lockVisible = async (
  tx: ServerTx,
  me: UserId,
  names: readonly ConversationId[],
): Promise<{ readonly conversations: readonly ConversationRecord[]; readonly mine: readonly MemberRecord[] }> => {
  const locked = await tx.lockConversations(me, names);
  const mine = await tx.ownMembers(
    me,
    locked.map(({ id }) => id),
  );
  const flags = new Map(mine.map((member) => [member.conversationId, hasFlags(member)]));
  return { conversations: locked.filter((one) => one.groupId !== null || one.latestSeq > 0 || flags.get(one.id)), mine };
};

/** Applies the entries of one frame, in order, for their author. */
export const applyEntries = async (tx: ServerTx, author: Author, read: readonly ReadEntry[], rules: Rules): Promise<Applied> => {
  const { userId: me, deviceId } = author;
  const entries = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
  const names = [...new Set(entries.map(({ conversationId }) => conversationId))];
  let { conversations, mine } = await lockVisible(tx, me, names);

  // Ids are looked up under the locks, so that two sends of one message meet here and not in the index.
  const chars = Math.max(0, ...entries.map((entry) => (entry.kind === 'message' ? entry.body.length : 0)));
  // One character more than the longest body of the frame: enough to tell a body that is not the same.
  const found = await tx.messagesById([...new Set(entries.flatMap(idsIn))], chars + 1);
  const messagesById = new Map(found.map((message) => [message.id, message]));
  const visibleNames = new Set(conversations.map((one) => nameOf(one, me)));
  const missing = missingDirectChats(
    entries,
    visibleNames,
    (id) => messagesById.has(id),
    (peer) => rules.mayWrite(peer),
  );
  if (missing.size > 0) {
    await tx.createDirect(me, [...missing]);
    conversations = (await tx.lockConversations(me, names)).filter((one) => {
      const name = nameOf(one, me);
      return visibleNames.has(name) || missing.has(conversationTarget(name));
    });
    mine = await tx.ownMembers(
      me,
      conversations.map(({ id }) => id),
    );
  }

  const policy = rules.receipts();
  const unit = new SubmitWork(me, deviceId, tx.version, await tx.now(), messagesById, policy.visibleTo === 'members');
  unit.load(conversations, mine);
  const works = await prepare(tx, unit, entries);
  const groups = groupsToLoad(unit, entries, works);
  if (groups.length > 0) unit.loadRosters(await tx.roster(groups));

  const outcomes = read.map((one): Outcome => {
    if ('refusal' in one) return one.refusal;
    const { entry } = one;
    switch (entry.kind) {
      case 'message':
        return applyMessage(unit, entry, rules.mayWrite(conversationTarget(entry.conversationId)), policy);
      case 'recall':
        return applyRecall(unit, entry);
      case 'receipts':
        return applyReceiptsEntry(unit, entry, works.get(entry));
    }
  });
  await unit.writeBack(tx);
  const results = await withRows(tx, unit, outcomes);
  const newest = Math.max(0, ...results.map((result) => (result.outcome === 'confirmed' ? (result.row?.version ?? 0) : 0)));
  return {
    results,
    hints: unit.hints,
    pushes: () => unit.pushes,
    ...(newest > 0 ? { at: cursorAt(tx.run, newest) } : {}),
  };
};

const isGroupWork = (work: ReceiptsWork | GroupWork): work is GroupWork => 'receipts' in work;

/** Groups whose members the frame concerns. What only a member's own devices are told of needs no roster, which may be long. */
const groupsToLoad = (
  unit: SubmitWork,
  entries: readonly WireEntry[],
  works: ReadonlyMap<WireReceiptsEntry, ReceiptsWork | GroupWork>,
): readonly number[] => {
  const ids = new Set<number>();
  for (const entry of entries) {
    const conversation = unit.conversation(entry.conversationId);
    if (!conversation || conversation.groupId === null) continue;
    const work = entry.kind === 'receipts' ? works.get(entry) : undefined;
    const group = work && isGroupWork(work) ? work : undefined;
    const hintsAllMembers = group && (group.newlyExpired.length > 0 || (unit.membersSeeReaders && group.receipts.size > 0));
    if (entry.kind !== 'receipts' || hintsAllMembers) ids.add(conversation.id);
  }
  return [...ids];
};

const applyReceiptsEntry = (unit: SubmitWork, entry: WireReceiptsEntry, work: ReceiptsWork | GroupWork | undefined): Outcome => {
  const conversation = unit.conversation(entry.conversationId);
  if (!work || !conversation) return noSuchConversation(entry.key);
  const member = unit.member(conversation);
  const effect = applyReceipts(member, work, { deviceId: unit.deviceId, at: unit.now });
  // Who has left is told that what they did stands, and nothing else.
  if (member.role === null) return effect || work.refused.length > 0 ? noSuchConversation(entry.key) : confirmed(entry);
  if (effect) {
    unit.changeMember(conversation, effect.member);
    if (!isGroupWork(work)) unit.addSteps(effect.steps.map((step) => ({ ...step, at: unit.now, version: unit.version })));
  }
  if (isGroupWork(work)) recordGroupAcks(unit, work, freshSeqs(effect?.steps ?? []));
  return confirmed(entry, work.refused.length > 0 ? { refused: work.refused } : {});
};

/**
 * How far each entry's bounds reach. Those of a history that is gone reach as far as that history and this one are the same: beyond it
 * nobody's message becomes read by an accident of numbering.
 */
const limitsOf = async (
  tx: ServerReadTx,
  pendingReceipts: readonly { readonly entry: WireReceiptsEntry; readonly conversation: ConversationRecord }[],
): Promise<readonly Seq[]> => {
  const reaches = new Map<string, number | undefined>();
  const shared = new Map<number, ReadonlyMap<number, Seq>>();
  const ids = [...new Set(pendingReceipts.map(({ conversation }) => conversation.id))];
  for (const { entry } of pendingReceipts) {
    const { cursor } = entry;
    if (cursor === null || reaches.has(cursor)) continue;
    const reach = await reachOfCursor(tx, cursor);
    reaches.set(cursor, reach);
    if (reach === undefined || reach === Infinity || shared.has(reach)) continue;
    shared.set(reach, new Map((await tx.latestSeqsBelow(reach, ids)).map(({ conversationId, seq }) => [conversationId, seq])));
  }
  return pendingReceipts.map(({ entry, conversation }) => {
    const reach = entry.cursor === null ? Infinity : reaches.get(entry.cursor);
    if (reach === undefined) return 0;
    return reach === Infinity ? conversation.latestSeq : (shared.get(reach)?.get(conversation.id) ?? 0);
  });
};

const prepare = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  entries: readonly WireEntry[],
): Promise<ReadonlyMap<WireReceiptsEntry, ReceiptsWork | GroupWork>> => {
  const pendingReceipts = entries.flatMap((entry) => {
    const conversation = entry.kind === 'receipts' ? unit.conversation(entry.conversationId) : undefined;
    return entry.kind === 'receipts' && conversation ? [{ entry, conversation }] : [];
  });
  if (pendingReceipts.length === 0) return new Map();
  const limits = await limitsOf(tx, pendingReceipts);
  const inputs = pendingReceipts.map(({ entry, conversation }, i): ReceiptsInput => {
    const member = unit.member(conversation);
    // Of what came after they left, a former member says nothing.
    const limit = member.role === null ? Math.min(limits[i]!, member.joinedAt) : limits[i]!;
    return { entry, conversation, member, limit };
  });
  const isDirect = ({ conversation }: ReceiptsInput): boolean => conversation.groupId === null;
  const direct = inputs.filter(isDirect);
  const group = inputs.filter((one) => !isDirect(one));
  const works = [
    ...(direct.length > 0 ? await prepareReceipts(tx, unit.me, direct, unit.messagesById) : []),
    ...(group.length > 0 ? await prepareGroupAcks(tx, unit, group) : []),
  ];
  return new Map(works.map((work) => [work.entry, work]));
};
