/**
 * A task: ends messages that the policy keeps no longer. It runs at the start of the server, every hour and after a change of the policy. Of
 * the servers of one store, one ends messages at a time.
 *
 *   conversations, page by page ─▶ those that are due ─▶ one transaction for some messages: `firstSeq` rises, messages and receipts go,
 *                                          ▲             │ a reopened archived conversation stays reopened ─▶ hints to the members
 *                                          └── the rest ─┘
 *
 * A conversation ends from its oldest message on, without a gap: a message stays while an older one of its conversation stays.
 */
import { errorDetails } from '../logging.ts';
import { range } from '../model/registers/ranges.ts';
import type { NewsHint } from './bus/bus.ts';
import type { Core } from './core.ts';
import type { Policy } from './policy.ts';
import { changedForAll, type ConversationRecord, type ConversationRange, type MemberRecord, reopeningRanges } from './store/records.ts';
import { persist } from './store/persist.ts';
import type { ServerTx } from './store/server-store.ts';
import { startSweeps, type Sweeps } from './sweep.ts';

const SWEEP_EVERY_MS = 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Conversations of one read. */
const PAGE = 500;
/** Conversations and messages of one transaction: a long transaction would hold back the feed of every user. */
const CONVERSATIONS = 50;
const MESSAGES = 500;

type Retention = Policy['retention'];

export interface EndedNow {
  /** False if another server ends messages now: then nothing is changed. */
  readonly isMine: boolean;
  readonly messages: number;
  /** The conversations that have more messages to end, or may have. */
  readonly rest: readonly number[];
  readonly hints: readonly NewsHint[];
}

const cutoff = ({ days }: Retention, now: number): number | null => (days === null ? null : now - days * DAY_MS);

/**
 * The archived conversations of users whose archive a message took out, and this message ends now: the flag falls for good. The count of the
 * flag stays, so a later change of the user wins.
 */
const reopenedFor = async (
  tx: ServerTx,
  ended: ReadonlyMap<number, { readonly conversation: ConversationRecord; readonly upTo: number }>,
): Promise<readonly MemberRecord[]> => {
  const reopened: MemberRecord[] = [];
  for (const member of await tx.archivedMembers([...ended.keys()])) {
    // Also for former members: a group that they left stays in their lists.
    if (member.muted.value) continue;
    const { conversation, upTo } = ended.get(member.conversationId)!;
    const ranges = reopeningRanges({ ...conversation, latestSeq: upTo }, member);
    const first = await tx.firstCounting(
      member.userId,
      ranges.map((one) => ({ conversationId: member.conversationId, range: one })),
    );
    if (first.some((seq) => seq > 0)) reopened.push({ ...member, archived: { ...member.archived, value: false } });
  }
  return reopened;
};

/** Ends messages of these conversations, as far as one transaction may. */
export const endMessages = async (tx: ServerTx, ids: readonly number[], retention: Retention): Promise<EndedNow> => {
  if (!(await tx.lockSweep('messages'))) return { isMine: false, messages: 0, rest: [], hints: [] };
  const before = cutoff(retention, await tx.now());
  const conversations = await tx.lockConversationsById(ids);
  const windows = conversations.flatMap(({ id, firstSeq, latestSeq }): ConversationRange[] =>
    range(firstSeq, Math.min(latestSeq, firstSeq + MESSAGES - 1)).map((one) => ({ conversationId: id, range: one })),
  );
  const young = before === null ? windows.map(({ range: [from] }) => from) : await tx.firstSince(before, windows);
  const rest: number[] = [];
  const ended = new Map<number, { readonly conversation: ConversationRecord; readonly upTo: number }>();
  let room = MESSAGES;
  for (const [i, { conversationId, range: one }] of windows.entries()) {
    const [from, last] = one;
    const conversation = conversations.find(({ id }) => id === conversationId)!;
    const { latestSeq } = conversation;
    const above = latestSeq - (retention.messagesPerConversation ?? latestSeq);
    const due = Math.max(Math.min(above, last), young[i] === 0 ? last : young[i]! - 1);
    const upTo = Math.min(due, from + room - 1);
    if (upTo < due || (due === last && last < latestSeq)) rest.push(conversationId);
    if (upTo < from) continue;
    room -= upTo - from + 1;
    ended.set(conversationId, { conversation, upTo });
  }
  if (ended.size === 0) return { isMine: true, messages: 0, rest, hints: [] };
  const all = [...ended.values()];
  const reopened = await reopenedFor(tx, ended);
  if (reopened.length > 0) await tx.putMembers(reopened);
  await tx.endMessages(all.map(({ conversation: { id }, upTo }) => ({ conversationId: id, upTo })));
  await tx.putConversations(all.map(({ conversation, upTo }) => changedForAll({ ...conversation, firstSeq: upTo + 1 }, tx.version)));
  const roster = await tx.roster(all.flatMap(({ conversation: { id, groupId } }) => (groupId === null ? [] : [id])));
  const pairs = all.flatMap(({ conversation: { userA, userB } }) => (userA === null ? [] : [userA, userB]));
  const userIds = [...new Set([...pairs, ...roster.map(({ userId }) => userId)])];
  return {
    isMine: true,
    messages: MESSAGES - room,
    rest,
    hints: userIds.length > 0 ? [{ kind: 'changes', userIds }] : [],
  };
};

type RetentionCore = Pick<Core, 'store' | 'clock' | 'bus' | 'log' | 'metrics'>;

/** @param retention the policy in effect. After it has changed, call `now` of the result. */
export const startRetention = (core: RetentionCore, retention: () => Retention): Sweeps => {
  const failed = (error: unknown): void => core.log('error', 'messages-not-ended', errorDetails(error));
  return startSweeps(core, SWEEP_EVERY_MS, failed, async ({ isStopped, arm }) => {
    const { days, messagesPerConversation } = retention();
    if (days === null && messagesPerConversation === null) return;
    for (let after = 0; !isStopped();) {
      const page = await core.store.read('look-for-old', async (tx) =>
        tx.toEnd(after, PAGE, { before: cutoff(retention(), await tx.now()), most: retention().messagesPerConversation }),
      );
      for (let due = page.flatMap(({ id, isDue }) => (isDue ? [id] : [])); due.length > 0 && !isStopped();) {
        const some = due.slice(0, CONVERSATIONS);
        const { isMine, messages, rest, hints } = await persist(core, 'end-messages', (tx) => endMessages(tx, some, retention()));
        if (!isMine) return arm();
        core.metrics.add('tidemark_messages_ended_total', messages, {});
        for (const hint of hints) core.bus.publish(hint);
        due = [...rest, ...due.slice(CONVERSATIONS)];
      }
      if (page.length < PAGE) break;
      after = page[page.length - 1]!.id;
    }
    arm();
  });
};
