/** One transaction of an import. */
import { RejectedError, type RejectedCode, UsageError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import { sameMentions, storedMentions } from '../../model/message/mentions.ts';
import { type Ranges, union } from '../../model/registers/ranges.ts';
import type { ReceiptPolicy } from '../../protocol/frames.ts';
import type { ReceiptRecord } from '../store/receipt-records.ts';
import { changedForAll, type ConversationRecord, type MessageRecord } from '../store/records.ts';
import type { ServerTx } from '../store/server-store.ts';
import { applyEntries } from '../submit/apply-entries.ts';
import { readEntries } from '../submit/read-entries.ts';
import type { CheckedConversation, CheckedMessage, Fact } from './imported.ts';

const refusal = (code: RejectedCode, id: string, why: string): RejectedError =>
  new RejectedError(code, `importMessages: "${id}": ${why}`, id);

const tooOld = ({ id }: CheckedMessage): UsageError =>
  new UsageError(
    'usage/invalid-argument',
    `importMessages: message "${id}" is older than a message that the conversation has: import a conversation before its users write in it`,
  );

export class ImportBatch {
  private readonly changed = new Set<UserId>();

  constructor(
    private readonly tx: ServerTx,
    private readonly conversation: CheckedConversation,
    private readonly policy: ReceiptPolicy,
  ) {}

  /**
   * @param lastPlace the place of the last message so far among the messages of the conversation.
   * @returns the number of new messages, and the users with changes.
   */
  async store(facts: readonly Fact[], lastPlace: number): Promise<{ readonly stored: number; readonly userIds: readonly UserId[] }> {
    if (facts.some(({ at }) => at > this.tx.begunAt))
      throw new UsageError('usage/invalid-argument', 'importMessages: a time is in the future');
    const { pair = [] } = this.conversation;
    const writers = facts.flatMap((fact) => (fact.kind === 'message' ? [fact.message.from] : []));
    for (const userId of await this.tx.deletedUsers([...new Set([...pair, ...writers])]))
      throw new UsageError('usage/invalid-argument', `importMessages: user "${userId}" was deleted`);
    const place = await this.lock();
    const messages = facts.flatMap((fact) => (fact.kind === 'message' ? [fact.message] : []));
    const fresh = await this.unknownOf(place, messages);
    if (fresh.length > 0) await this.add(place, fresh);
    for (const fact of facts) {
      if (fact.kind !== 'receipt') continue;
      const { by, kind, messageIds } = fact.receipt;
      const seqs = await this.seqsOf(messageIds);
      if (seqs.length > 0) await this.apply(by, fact.at, kind === 'read' ? { named: seqs } : { delivered: seqs });
    }
    const { readUpTo, messageIds } = this.conversation;
    // The position goes along with the messages, so no device shows them as unread in between.
    for (const [userId, last] of readUpTo) {
      const [seqs] = await this.seqsOf([messageIds[Math.min(last, lastPlace)]!]);
      if (seqs) await this.apply(userId, this.tx.begunAt, { position: seqs[1] });
    }
    return { stored: fresh.length, userIds: [...this.changed] };
  }

  private async lock(): Promise<ConversationRecord> {
    const { tx } = this;
    const { pair, group } = this.conversation;
    if (group !== undefined) {
      const found = await tx.lockGroup(group);
      if (!found) throw refusal('rejected/no-such-conversation', group, 'no such group: create it first');
      return found;
    }
    const [one, other] = pair!;
    const lock = (): Promise<readonly ConversationRecord[]> => tx.lockConversations(one, [`direct:${other}`]);
    const [found] = await lock();
    if (found) return found;
    await tx.createDirect(one, [other]);
    const [made] = await lock();
    if (!made) throw new Error('the store created the chat and does not find it');
    return made;
  }

  /** The messages that are not stored yet. @throws {RejectedError} if an id names another message. */
  private async unknownOf(place: ConversationRecord, messages: readonly CheckedMessage[]): Promise<readonly CheckedMessage[]> {
    const chars = Math.max(0, ...messages.map(({ body }) => body.length)) + 1;
    const ids = messages.map(({ id }) => id);
    const stored = new Map((await this.tx.messagesById(ids, chars)).map((message) => [message.id, message]));
    // A message of an earlier call of this import may have ended since.
    const ended = new Map((await this.tx.endedMessages(ids)).map((message) => [message.id, message]));
    const isSame = (message: CheckedMessage, before: MessageRecord): boolean =>
      before.conversationId === place.id &&
      before.senderId === message.from &&
      (before.recalled || (before.body === message.body && sameMentions(before.mentions, storedMentions(message.mentions))));
    return messages.filter((message) => {
      const before = stored.get(message.id);
      const gone = ended.get(message.id);
      if (gone?.conversationId === place.id && gone.senderId === message.from) return false;
      if (gone) throw refusal('rejected/id-conflict', message.id, 'this id named another message, which has ended');
      if (before && !isSame(message, before)) throw refusal('rejected/id-conflict', message.id, 'this id already names another message');
      return !before;
    });
  }

  private async add(place: ConversationRecord, messages: readonly CheckedMessage[]): Promise<void> {
    const { tx, policy } = this;
    const { id: conversationId, latestSeq, groupId } = place;
    // The seqs of a conversation ascend with time.
    const [newest] = latestSeq === 0 ? [] : await tx.messagesIn([{ conversationId, range: [latestSeq, latestSeq] }], 0);
    if (newest && newest.sentAt > messages[0]!.sentAt) throw tooOld(messages[0]!);
    const members = groupId === null ? [place.userA, place.userB] : (await tx.roster([conversationId])).map(({ userId }) => userId);
    for (const userId of members) this.changed.add(userId);
    const receipts: ReceiptRecord[] = [];
    const records = messages.map(({ id, from, body, sentAt, receiptRequested, countable, mentions }, i): MessageRecord => {
      const key = { conversationId, seq: latestSeq + 1 + i, senderId: from };
      const asksGroup = groupId !== null && receiptRequested;
      if (asksGroup && !policy.groups) throw refusal('rejected/group-receipts-disabled', id, 'groups have no receipts here');
      const isAsked = asksGroup && members.length <= policy.maxMembers;
      if (isAsked) {
        const memberCount = members.filter((userId) => userId !== from).length;
        const times = { expiresAt: sentAt + policy.windowMs, expired: false, expiryPending: true };
        receipts.push({ ...key, memberCount, ...times, version: tx.version });
      }
      return {
        ...key,
        id,
        sentAt,
        body,
        receiptRequested: groupId === null ? receiptRequested : isAsked,
        countable,
        recalled: false,
        mentions: storedMentions(mentions),
        uncountedFor: [],
        version: tx.version,
      };
    });
    await tx.putConversations([changedForAll({ ...place, latestSeq: latestSeq + records.length }, tx.version)]);
    await tx.insertMessages(records);
    if (receipts.length > 0) await tx.insertReceipts(receipts);
  }

  private async seqsOf(ids: readonly string[]): Promise<Ranges> {
    const found = await this.tx.messagesById(ids, 0);
    return found.reduce<Ranges>((all, { seq }) => union(all, [[seq, seq]]), []);
  }

  /** Applies registers of a user at their own time. */
  private async apply(userId: UserId, at: number, registers: object): Promise<void> {
    const { pair, group } = this.conversation;
    const conversationId = group === undefined ? `direct:${pair!.find((one) => one !== userId)!}` : `group:${group}`;
    const entry = { kind: 'receipts', key: 'import', cursor: null, conversationId, ...registers };
    const rules = { mayWrite: () => true, receipts: () => this.policy };
    const atItsTime: ServerTx = { ...this.tx, now: async () => at };
    const { results, hints } = await applyEntries(atItsTime, { userId, deviceId: 'import' }, readEntries(userId, [entry]), rules);
    const [result] = results;
    if (result?.outcome === 'rejected') throw refusal(result.code, userId, result.message);
    const refused = result?.outcome === 'confirmed' ? result.refused?.[0] : undefined;
    if (refused) throw refusal(refused.code, refused.id, `the receipt of "${userId}" is refused`);
    for (const hint of hints) for (const changed of hint.userIds) this.changed.add(changed);
  }
}
