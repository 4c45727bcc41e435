/**
 * A task: erases a user. What the user wrote and what was private ends; what other users know of the user's receipts stays theirs.
 *
 *   tombstone: no entry of the user takes effect any more ─▶ connections end ─▶ wait for transactions from before
 *      ─▶ each conversation, one transaction: messages recalled, private registers emptied, the group left ─▶ hints
 *      ─▶ settings of the account
 */
import { type UserId, requireId } from '../../model/ids.ts';
import { NOT_ARCHIVED, UNMARKED, UNSET } from '../../model/registers/flag.ts';
import { NO_RANGES, range } from '../../model/registers/ranges.ts';
import { ALL_ON } from '../../model/message/receipt-settings.ts';
import type { NewsHint } from '../bus/bus.ts';
import type { Core } from '../core.ts';
import { leftGroup } from '../groups/membership.ts';
import { olderWritesSeen } from '../older-writes.ts';
import { persist } from '../store/persist.ts';
import { type ConversationRange, type ConversationRecord, type MemberRecord, nameOf, versionFor } from '../store/records.ts';
import type { ServerTx } from '../store/server-store.ts';
import { SubmitWork } from '../submit/submit-work.ts';

type DeleteCore = Pick<Core, 'store' | 'clock' | 'bus' | 'policy'>;

/** What remains of the user's own row: the receipts that others know. The position is at the end, so nothing is unread. */
const emptied = (member: MemberRecord, { latestSeq }: ConversationRecord): MemberRecord => ({
  ...member,
  readUpTo: Math.max(member.readUpTo, latestSeq),
  readBy: null,
  cleared: NO_RANGES,
  untold: NO_RANGES,
  muted: UNSET,
  marked: UNMARKED,
  archived: NOT_ARCHIVED,
});

const isEmptied = (
  { readUpTo, readBy, cleared, untold, muted, marked, archived }: MemberRecord,
  { latestSeq }: ConversationRecord,
): boolean => readUpTo >= latestSeq && !readBy && cleared.length + untold.length + muted.count + marked.count + archived.count === 0;

/** Messages recalled in one transaction. */
const BATCH = 500;

interface Erased {
  readonly hints: readonly NewsHint[];
  /** Whether the conversation is done; otherwise it has more messages of the user. */
  readonly isDone: boolean;
}

const eraseIn = async (tx: ServerTx, me: UserId, id: number, membersSeeReaders: boolean): Promise<Erased> => {
  const [conversation] = await tx.lockConversationsById([id]);
  const [member] = conversation ? await tx.ownMembers(me, [id]) : [];
  if (!conversation || !member) return { hints: [], isDone: true };
  const { latestSeq, firstSeq, groupId } = conversation;
  const name = nameOf(conversation, me);
  const unit = new SubmitWork(me, 'server', tx.version, await tx.now(), new Map(), membersSeeReaders);
  unit.load([conversation], [member]);
  if (groupId !== null) unit.loadRosters(await tx.roster([id]));
  const all: ConversationRange[] = range(firstSeq, latestSeq).map((one) => ({ conversationId: id, range: one }));
  const own = (await tx.islands(['own'], me, all)).flat(2);
  const written = await tx.messagesIn(
    own.map((one) => ({ conversationId: id, range: one })),
    0,
  );
  const left = written.filter(({ recalled }) => !recalled);
  for (const message of left.slice(0, BATCH)) {
    const version = Math.max(message.version, tx.version);
    unit.recall(unit.conversation(name)!, { ...message, body: '', recalled: true, mentions: null, version });
  }
  const isDone = left.length <= BATCH;
  if (isDone) {
    const here = unit.conversation(name)!;
    const rest = emptied(member, conversation);
    const isMember = here.groupId !== null && member.role !== null;
    const after = isMember ? leftGroup(rest, latestSeq, Math.max(versionFor(here, member), tx.version)) : rest;
    if (isMember || !isEmptied(member, conversation)) unit.changeMember(here, after);
    await tx.dropContents(me, id);
  }
  await unit.writeBack(tx);
  return { hints: unit.hints, isDone };
};

/** @see ReceiptServer.deleteUser */
export const deleteUser = async (core: DeleteCore, userId: UserId, revoke: () => Promise<void>): Promise<void> => {
  requireId(userId, 'userId');
  await persist(core, 'delete-user', (tx) => tx.putDeletedUser(userId));
  await revoke();
  // A transaction that has not seen the tombstone may still create a chat.
  await olderWritesSeen(core);
  const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER };
  const conversations = await core.store.read('delete-user', (tx) => tx.changedConversations(userId, everything, Number.MAX_SAFE_INTEGER));
  const membersSeeReaders = core.policy().receipts.visibleTo === 'members';
  for (const { id } of conversations)
    for (let isDone = false; !isDone;) {
      const erased = await persist(core, 'delete-user', (tx) => eraseIn(tx, userId, id, membersSeeReaders));
      for (const hint of erased.hints) core.bus.publish(hint);
      isDone = erased.isDone;
    }
  await persist(core, 'delete-user', async (tx) => {
    const before = await tx.lockAccount(userId);
    await tx.putAccount({ ...before, ...ALL_ON, version: Math.max(before.version, tx.version) });
  });
};
