/**
 * A task: derives again which unread messages of a reader count, after the host has blocked or unblocked a sender for
 * that reader.
 *
 *   new counting version ─▶ wait until older writes are visible ─▶ senders of unread messages ─▶ ask the host
 *                                                                    ▲                             │
 *                                                                    └── overtaken by another call ┤
 *                                                    messages and rows of the reader, hint ◀───────┘
 *
 * A transaction may write a message meanwhile with an older answer of the host. Then the read of the senders sees the
 * message, or the transaction finds the new counting version and asks the host again.
 */
import { type UserId, requireId } from '../model/ids.ts';
import { countsAbove } from '../model/registers/flag.ts';
import { countingBase } from '../model/conversation/unread.ts';
import type { Core } from './core.ts';
import { olderWritesSeen } from './older-writes.ts';
import { persist } from './store/persist.ts';
import { changedFor, type MemberRecord, type UnreadSender, versionFor } from './store/records.ts';
import type { ServerTx } from './store/server-store.ts';
import { askPairs } from './submit/ask-counts.ts';

/** Conversations in one transaction. */
const BATCH = 100;
const ATTEMPTS = 10;

type CountingCore = Pick<Core, 'store' | 'clock' | 'bus' | 'directory'>;

/** Stores the host's answers. @returns false if another call has asked the host later: then nothing is changed. */
const putCounts = async (tx: ServerTx, reader: UserId, version: number, answers: readonly UnreadSender[]): Promise<boolean> => {
  const conversations = await tx.lockConversationsById([...new Set(answers.map(({ conversationId }) => conversationId))]);
  if ((await tx.countingVersions([reader])).get(reader) !== version) return false;
  const ids = conversations.map(({ id }) => id);
  const mine = new Map((await tx.ownMembers(reader, ids)).map((member) => [member.conversationId, member]));
  const here = conversations.flatMap((conversation) => {
    const member = mine.get(conversation.id);
    return member?.role ? [{ conversation, member }] : [];
  });
  // A row that lets messages count again must have a higher version than every row before: a device takes the row of the higher version.
  for (const { conversation, member } of here)
    if (versionFor(conversation, member) >= tx.version) throw new Error('a later transaction has changed the conversation');
  const base = new Map(
    here.map(({ conversation: { id, firstSeq }, member }) => [
      id,
      countingBase({ joinedAt: member.joinedAt, firstSeq }, countsAbove(member.marked, member.readUpTo)),
    ]),
  );
  await tx.putSenderCounts(
    reader,
    answers.flatMap((one) => {
      const after = base.get(one.conversationId);
      return after === undefined ? [] : [{ ...one, after }];
    }),
  );
  // Only the reader's devices see the change: a sender does not learn that the reader has blocked the sender.
  const direct = here.flatMap(({ conversation }) => (conversation.groupId === null ? [changedFor(conversation, reader, tx.version)] : []));
  const inGroups = here.filter(({ conversation }) => conversation.groupId !== null);
  if (direct.length > 0) await tx.putConversations(direct);
  if (inGroups.length > 0) await tx.putMembers(inGroups.map(({ member }): MemberRecord => ({ ...member, version: tx.version })));
  return true;
};

/**
 * Asks `directory.counts` again for all senders of unread messages of this reader. Resolves when the reader's counts are stored. A
 * repeated call changes nothing.
 *
 * @throws {UsageError} for an invalid id. Rejects with the host's error if `directory.counts` fails, and if the store fails: then call it
 * again.
 */
export const countsChanged = async (core: CountingCore, reader: UserId): Promise<void> => {
  requireId(reader, 'userId');
  await persist(core, 'counting', (tx) => tx.putCountingVersion(reader));
  await olderWritesSeen(core);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { unread, version } = await core.store.read('unread-senders', async (tx) => ({
      unread: await tx.unreadSenders(reader),
      version: (await tx.countingVersions([reader])).get(reader)!,
    }));
    const senders = [...new Set(unread.map(({ senderId }) => senderId))];
    const found = await askPairs(
      core,
      senders.map((sender) => [sender, reader] as const),
    );
    for (const answer of found) if (answer instanceof Error) throw answer;
    const counts = new Map(senders.map((sender, i) => [sender, found[i] === true]));
    const wrong = unread.filter(({ senderId, counts: before }) => counts.get(senderId) !== before);
    if (
      await putAll(
        core,
        reader,
        version,
        wrong.map((one) => ({ ...one, counts: !one.counts })),
      )
    )
      return;
  }
  throw new Error(`countsChanged came again and again for this user: call it once more`);
};

const putAll = async (core: CountingCore, reader: UserId, version: number, answers: readonly UnreadSender[]): Promise<boolean> => {
  const ids = [...new Set(answers.map(({ conversationId }) => conversationId))];
  for (let at = 0; at < ids.length; at += BATCH) {
    const batch = new Set(ids.slice(at, at + BATCH));
    const part = answers.filter(({ conversationId }) => batch.has(conversationId));
    if (!(await persist(core, 'counting-put', (tx) => putCounts(tx, reader, version, part)))) return false;
    core.bus.publish({ kind: 'changes', userIds: [reader] });
  }
  return true;
};
