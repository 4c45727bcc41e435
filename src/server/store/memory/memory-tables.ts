/** The tables of the memory store: plain maps, with the indexes that its reads use. */
import { type ConversationId, conversationTarget, type MessageId, type Seq, type UserId } from '../../../model/ids.ts';
import type { AckRecord, ReceiptRecord } from '../receipt-records.ts';
import { KeptMessages } from './kept-messages.ts';
import {
  type AccountRecord,
  type ConversationRecord,
  type EndedMessage,
  type MemberRecord,
  type MessageRecord,
  type NoticeRecord,
  type RunRecord,
  sortedPair,
  type StepRecord,
} from '../records.ts';

/** All data of a memory store, as a backup holds it. */
export interface MemoryDump {
  /** The version of the newest write. */
  readonly version: number;
  /** Whether a write transaction ran: the copy lacks it, and may have a later one. */
  readonly whileWriting: boolean;
  /** The starts of the store. */
  readonly runs: readonly RunRecord[];
  /** The conversations. */
  readonly conversations: readonly ConversationRecord[];
  /** The members, with their positions, flags and receipts. */
  readonly members: readonly MemberRecord[];
  /** The messages. */
  readonly messages: readonly MessageRecord[];
  /** What the server keeps of messages that have ended. */
  readonly ended: readonly EndedMessage[];
  /** The first times of receipts. */
  readonly steps: readonly StepRecord[];
  /** The counts of receipts of group messages. */
  readonly receipts: readonly ReceiptRecord[];
  /** The receipts of single members for group messages. */
  readonly acks: readonly AckRecord[];
  /** By user: the version at which the host last said that other senders count for the user than before. */
  readonly counting: readonly (readonly [UserId, number])[];
  /** The accounts, with their settings. */
  readonly accounts: readonly AccountRecord[];
  /** What the servers tell each other through the store. */
  readonly notices: readonly NoticeRecord[];
  /** The deleted users. */
  readonly deleted: readonly UserId[];
}

/** One conversation with all its rows. */
export interface ConversationTables {
  conversation: ConversationRecord;
  readonly members: Map<UserId, MemberRecord>;
  readonly messages: KeptMessages;
  steps: StepRecord[];
  readonly receipts: Map<Seq, ReceiptRecord>;
  /** The read receipts of each message, in their order of arrival. */
  readonly acks: Map<Seq, AckRecord[]>;
}

const pairKey = (a: UserId, b: UserId): string => sortedPair(a, b).join('\n');
const keyOf = (conversation: ConversationRecord): string =>
  conversation.groupId === null ? `direct:${pairKey(conversation.userA, conversation.userB)}` : `group:${conversation.groupId}`;

export class MemoryTables {
  private readonly byId = new Map<number, ConversationTables>();
  private readonly byName = new Map<string, ConversationTables>();
  private readonly byUser = new Map<UserId, Set<ConversationTables>>();
  readonly messagesById = new Map<MessageId, MessageRecord>();
  /** The messages that have ended, by id. */
  readonly ended: Map<MessageId, EndedMessage>;
  /** The receipt settings of each user. */
  readonly accounts = new Map<UserId, AccountRecord>();
  readonly counting: Map<UserId, number>;
  readonly deleted: Set<UserId>;
  notices: readonly NoticeRecord[];

  constructor(from?: MemoryDump) {
    this.counting = new Map(from?.counting);
    this.ended = new Map(from?.ended.map((one) => [one.id, one]));
    this.notices = from?.notices ?? [];
    this.deleted = new Set(from?.deleted);
    for (const conversation of from?.conversations ?? []) this.add(conversation);
    for (const member of from?.members ?? []) this.putMember(member);
    for (const step of from?.steps ?? []) this.require(step.conversationId).steps.push(step);
    for (const receipt of from?.receipts ?? []) this.require(receipt.conversationId).receipts.set(receipt.seq, receipt);
    for (const ack of from?.acks ?? []) this.acksOf(this.require(ack.conversationId), ack.seq).push(ack);
    for (const account of from?.accounts ?? []) this.accounts.set(account.userId, account);
    for (const message of from?.messages ?? []) {
      this.require(message.conversationId).messages.add(message);
      this.messagesById.set(message.id, message);
    }
  }

  get size(): number {
    return this.byId.size;
  }

  all(): readonly ConversationTables[] {
    return [...this.byId.values()];
  }

  get(id: number): ConversationTables | undefined {
    return this.byId.get(id);
  }

  require(id: number): ConversationTables {
    const one = this.byId.get(id);
    if (!one) throw new Error(`there is no conversation ${id}`);
    return one;
  }

  /** The conversation that `me` calls by this id. */
  named(me: UserId, name: ConversationId): ConversationTables | undefined {
    return this.byName.get(name.startsWith('direct:') ? `direct:${pairKey(me, conversationTarget(name))}` : name);
  }

  ofUser(user: UserId): ReadonlySet<ConversationTables> {
    return this.setOf(user);
  }

  acksOf(one: ConversationTables, seq: Seq): AckRecord[] {
    let acks = one.acks.get(seq);
    if (!acks) one.acks.set(seq, (acks = []));
    return acks;
  }

  add(conversation: ConversationRecord): ConversationTables {
    const one: ConversationTables = {
      conversation,
      members: new Map(),
      messages: new KeptMessages(conversation.firstSeq - 1),
      steps: [],
      receipts: new Map(),
      acks: new Map(),
    };
    this.byId.set(conversation.id, one);
    this.byName.set(keyOf(conversation), one);
    return one;
  }

  remove(one: ConversationTables): void {
    this.byId.delete(one.conversation.id);
    this.byName.delete(keyOf(one.conversation));
    for (const user of one.members.keys()) this.setOf(user).delete(one);
  }

  /** @returns a function that undoes the write. */
  putMember(member: MemberRecord): () => void {
    const one = this.require(member.conversationId);
    const before = one.members.get(member.userId);
    one.members.set(member.userId, member);
    this.setOf(member.userId).add(one);
    return () => {
      if (before) return void one.members.set(member.userId, before);
      one.members.delete(member.userId);
      this.setOf(member.userId).delete(one);
    };
  }

  dump(version: number, runs: readonly RunRecord[], whileWriting: boolean): MemoryDump {
    const all = this.all();
    return {
      version,
      whileWriting,
      runs: [...runs],
      conversations: all.map(({ conversation }) => conversation),
      members: all.flatMap(({ members }) => [...members.values()]),
      messages: all.flatMap(({ messages }) => messages.all),
      ended: [...this.ended.values()],
      steps: all.flatMap(({ steps }) => steps),
      receipts: all.flatMap(({ receipts }) => [...receipts.values()]),
      acks: all.flatMap(({ acks }) => [...acks.values()].flat()),
      counting: [...this.counting],
      accounts: [...this.accounts.values()],
      notices: this.notices,
      deleted: [...this.deleted],
    };
  }

  private setOf(user: UserId): Set<ConversationTables> {
    let set = this.byUser.get(user);
    if (!set) this.byUser.set(user, (set = new Set()));
    return set;
  }
}
