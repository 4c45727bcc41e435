/**
 * Applies a `submit` frame: each entry on its own, all entries in one transaction, with a handful of
 * statements for any number of entries. No table of past operations exists. The natural key of an effect
 * makes a retry harmless: a repeated entry is `confirmed` and changes nothing.
 */
import { conversationTarget, type Seq, type UserId } from '../../model/ids.ts';
import type { Cursor } from '../../model/outbox-entry.ts';
import type { ReceiptPolicy } from '../../protocol/frames.ts';
import type { WireConversationEntry, WireEntry, WireReceiptsEntry, WireResult } from '../../protocol/submit.ts';
import { ALL_ON, type ReceiptSettings } from '../../model/message/receipt-settings.ts';
import { type Counting, requireFresh } from './ask-counts.ts';
import { allowedReceipts } from './allowed-receipts.ts';
import { confirmed, type Outcome, withRows } from './answer-rows.ts';
import { freshSeqs, type GroupWork, prepareGroupAcks, recordGroupAcks } from './apply-group-acks.ts';
import { applyMessage, applyRecall } from './apply-message.ts';
import { applyReceipts, prepareReceipts, type ReceiptsInput, type ReceiptsWork } from './apply-receipts.ts';
import type { NewsHint } from '../bus/bus.ts';
import { cursorAt, type Reach, reachOfCursor } from '../feed/cursors.ts';
import type { AnnouncedMessage } from '../push/announced.ts';
import { lockChats, setsFlag, withNewChats } from './lock-chats.ts';
import { SubmitWork } from './submit-work.ts';
import { noSuchConversation, reject, type ReadEntry } from './read-entries.ts';
import { settingsWithVersion, type ConversationRecord } from '../store/records.ts';
import type { ServerReadTx, ServerTx } from '../store/server-store.ts';

/** The author of the entries, as authenticated by the session, never as named in the frame (I-24). */
export interface Author {
  readonly userId: UserId;
  readonly deviceId: string;
}

/** Decisions made outside the store. */
export interface Rules {
  /**
   * Returns whether the author may write to this peer. The directory was asked before the transaction,
   * because a host's own check must not hold locks.
   */
  mayWrite(peer: UserId): boolean;
  /** For which readers the messages count; absent if every message counts for every reader. */
  readonly counting?: Counting | undefined;
  /** The receipt rules, read inside the transaction. */
  receipts(): ReceiptPolicy;
  /** False if no client gets the results, so they need no rows. A row costs the reading of all unread messages. */
  readonly wantsRows?: boolean;
}

/**
 * The effect of a frame: one result per entry, in the order of the entries, and hints for the users
 * concerned.
 */
export interface Applied {
  readonly results: readonly WireResult[];
  readonly hints: readonly NewsHint[];
  /** The new messages that may need a push, made on demand. */
  readonly pushes: () => readonly AnnouncedMessage[];
  /** Whether the rows in the results say all that the author's own feed says about the frame. Default false. */
  readonly isToldByRows?: boolean;
  /** A cursor behind all confirmed entries; absent if no entry was confirmed. */
  readonly at?: Cursor;
}

/** The users whom the messages are written to. */
const peersOf = (entries: readonly WireConversationEntry[]): readonly UserId[] => [
  ...new Set(
    entries.flatMap(({ kind, conversationId }) =>
      kind === 'message' && conversationId.startsWith('direct:') ? [conversationTarget(conversationId)] : [],
    ),
  ),
];

/** The message ids in an entry. */
const idsIn = (entry: WireConversationEntry): readonly string[] =>
  entry.kind === 'receipts' ? [...(entry.namedIds ?? []), ...(entry.contents ?? []).map(({ id }) => id)] : [entry.id];

/**
 * Applies the settings entries of the frame to the account, and judges each receipts entry by the settings before the
 * entry. Both happen in the same transaction, so no receipt slips past a switch.
 */
const judgeSettings = async (
  tx: ServerTx,
  unit: SubmitWork,
  entries: readonly WireEntry[],
): Promise<ReadonlyMap<WireReceiptsEntry, ReceiptSettings>> => {
  const allowed = new Map<WireReceiptsEntry, ReceiptSettings>();
  if (entries.some(({ kind }) => kind === 'settings')) unit.account = await tx.lockAccount(unit.me);
  for (const entry of entries)
    if (entry.kind === 'settings') unit.changeSettings(entry);
    else if (entry.kind === 'receipts') allowed.set(entry, allowedReceipts(unit.account ?? ALL_ON, entry));
  return allowed;
};

/**
 * Applies the entries of one frame in their order, for their author.
 *
 * @throws {Overtaken} if the host must be asked again for which readers the messages count.
 */
export const applyEntries = async (tx: ServerTx, author: Author, read: readonly ReadEntry[], rules: Rules): Promise<Applied> => {
  const { userId: me, deviceId } = author;
  const all = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
  const entries = all.filter((entry) => entry.kind !== 'settings');
  // The longest body of the frame plus one character is enough to detect a different body.
  const chars = Math.max(0, ...entries.map((entry) => (entry.kind === 'message' ? entry.body.length : 0))) + 1;
  const ids = [...new Set(entries.flatMap(idsIn))];
  // Ids are looked up under the locks. Two concurrent sends of one message then meet here and not at the
  // unique index.
  const [inTime, [deleted, found, account, now]] = await lockChats(tx, me, entries, () =>
    Promise.all([
      tx.deletedUsers([me, ...peersOf(entries)]),
      tx.messagesById(ids, chars),
      all.some(({ kind }) => kind === 'receipts') ? tx.account(me) : undefined,
      tx.now(),
    ]),
  );
  if (deleted.has(me))
    return {
      results: read.map(({ key }) => reject(key, 'rejected/permission-denied', 'this account is deleted')),
      hints: [],
      pushes: () => [],
    };
  const mayWrite = (peer: UserId): boolean => rules.mayWrite(peer) && !deleted.has(peer);

  const messagesById = new Map(found.map((message) => [message.id, message]));
  const others = ids.filter((id) => !messagesById.has(id));
  const ended = new Map((others.length > 0 ? await tx.endedMessages(others) : []).map((message) => [message.id, message]));
  // The first try of a message may have created its chat after the locks here were taken: then the chat is locked now.
  const isLocked = new Set(inTime.conversations.map(({ id }) => id));
  const isLate = found.some(({ conversationId }) => !isLocked.has(conversationId));
  const [locked] = isLate ? await lockChats(tx, me, entries, async () => undefined) : [inTime];
  const { conversations, mine, theirs } = await withNewChats(
    tx,
    me,
    entries,
    locked,
    (id) => messagesById.has(id) || ended.has(id),
    mayWrite,
  );

  const policy = rules.receipts();
  const unit = new SubmitWork(me, deviceId, tx.version, now, messagesById, policy.visibleTo === 'members', ended);
  unit.load(conversations, mine, theirs);
  unit.account = account;
  const works = await prepare(tx, unit, entries, await judgeSettings(tx, unit, all));
  const groups = groupsToLoad(unit, entries, works);
  if (groups.length > 0) unit.loadRosters(await tx.roster(groups));
  if (rules.counting) await requireFresh(tx, unit, entries, rules.counting);

  const outcomes = read.map((one): Outcome => {
    if ('refusal' in one) return one.refusal;
    const { entry } = one;
    switch (entry.kind) {
      case 'message':
        return applyMessage(unit, entry, mayWrite(conversationTarget(entry.conversationId)), policy, rules.counting);
      case 'recall':
        return applyRecall(unit, entry);
      case 'receipts':
        return applyReceiptsEntry(unit, entry, works.get(entry));
      case 'settings':
        return confirmed(entry, { account: settingsWithVersion(unit.account!) });
    }
  });
  const written = unit.writeBack(tx);
  if (unit.writesMessages) await written;
  // Otherwise the rows and the writes are one statement.
  const [results] = await Promise.all([withRows(tx, unit, outcomes, rules.wantsRows), written]);
  const newest = Math.max(
    0,
    ...results.map((result) => (result.outcome === 'confirmed' ? Math.max(result.row?.version ?? 0, result.account?.version ?? 0) : 0)),
  );
  return {
    results,
    hints: unit.hints,
    pushes: () => unit.pushes,
    isToldByRows: unit.changesOnlyRows && results.every((result) => result.outcome !== 'confirmed' || result.row !== null),
    ...(newest > 0 ? { at: cursorAt(tx.run, newest) } : {}),
  };
};

const isGroupWork = (work: ReceiptsWork | GroupWork): work is GroupWork => 'receipts' in work;

/**
 * Groups with a roster needed by the frame. A change for the member's own devices needs no roster, which may
 * be long.
 */
const groupsToLoad = (
  unit: SubmitWork,
  entries: readonly WireConversationEntry[],
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
  const steps = effect.member ? effect.steps : [];
  const isOutsider = member.role === null && member.moves === 0;
  // The flags of a user who never was a member wait for the user to join. Nothing else of the entry has an effect.
  if (isOutsider && !setsFlag(entry)) return noSuchConversation(entry.key);
  // A former member gets confirmations only for receipts already in effect.
  if (member.role === null && !isOutsider)
    return effect.member || work.refused.length > 0 ? noSuchConversation(entry.key) : confirmed(entry);
  if (effect.member) {
    unit.changeMember(conversation, effect.member);
    const stored = steps.map((step) => ({ ...step, at: unit.now, version: unit.version }));
    if (!isGroupWork(work)) unit.addSteps(conversation, stored);
  }
  if (isGroupWork(work)) recordGroupAcks(unit, work, freshSeqs(steps));
  return confirmed(entry, {
    ...(work.refused.length > 0 ? { refused: work.refused } : {}),
    ...(effect.withheld ? { withheld: true } : {}),
  });
};

/**
 * The highest valid seq of each entry. If the entry was written against a history lost in a restore, the
 * limit is the last seq of both histories: a reused seq must not become read by accident.
 */
const limitsOf = async (
  tx: ServerReadTx,
  pendingReceipts: readonly { readonly entry: WireReceiptsEntry; readonly conversation: ConversationRecord }[],
): Promise<readonly Seq[]> => {
  const reaches = new Map<string, Reach>();
  const shared = new Map<number, ReadonlyMap<number, Seq>>();
  const ids = [...new Set(pendingReceipts.map(({ conversation }) => conversation.id))];
  for (const { entry } of pendingReceipts) {
    const { cursor } = entry;
    if (cursor === null || reaches.has(cursor)) continue;
    const reach = await reachOfCursor(tx, cursor);
    reaches.set(cursor, reach);
    if (typeof reach === 'string' || shared.has(reach.sharedBelow)) continue;
    const { sharedBelow } = reach;
    shared.set(sharedBelow, new Map((await tx.latestSeqsBelow(sharedBelow, ids)).map(({ conversationId, seq }) => [conversationId, seq])));
  }
  return pendingReceipts.map(({ entry, conversation }) => {
    const reach = entry.cursor === null ? 'contained' : reaches.get(entry.cursor)!;
    if (reach === 'unknown') return 0;
    return reach === 'contained' ? conversation.latestSeq : (shared.get(reach.sharedBelow)?.get(conversation.id) ?? 0);
  });
};

const prepare = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  entries: readonly WireConversationEntry[],
  allowed: ReadonlyMap<WireReceiptsEntry, ReceiptSettings>,
): Promise<ReadonlyMap<WireReceiptsEntry, ReceiptsWork | GroupWork>> => {
  const pendingReceipts = entries.flatMap((entry) => {
    const conversation = entry.kind === 'receipts' ? unit.conversation(entry.conversationId) : undefined;
    return entry.kind === 'receipts' && conversation ? [{ entry, conversation }] : [];
  });
  if (pendingReceipts.length === 0) return new Map();
  const limits = await limitsOf(tx, pendingReceipts);
  const inputs = pendingReceipts.map(({ entry, conversation }, i): ReceiptsInput => {
    const member = unit.member(conversation);
    // A former member confirms only messages from before the departure.
    const limit = member.role === null ? Math.min(limits[i]!, member.joinedAt) : limits[i]!;
    return { entry, conversation, member, limit, allowed: allowed.get(entry)! };
  });
  const isDirect = ({ conversation }: ReceiptsInput): boolean => conversation.groupId === null;
  const direct = inputs.filter(isDirect);
  const group = inputs.filter((one) => !isDirect(one));
  const works = [
    ...(direct.length > 0 ? await prepareReceipts(tx, unit.me, direct, unit) : []),
    ...(group.length > 0 ? await prepareGroupAcks(tx, unit, group) : []),
  ];
  return new Map(works.map((work) => [work.entry, work]));
};
