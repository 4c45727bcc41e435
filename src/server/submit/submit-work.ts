/** The conversations of one frame while its entries are applied: read once, written back once. */
import type { ConversationId, MessageId, UserId } from '../../model/ids.ts';
import type { PushFrame } from '../../protocol/push.ts';
import type { Hint } from '../bus.ts';
import { messageKey } from '../feed/wire-messages.ts';
import { pushesOf } from './pushes.ts';
import type { AckRecord, ReceiptRecord } from '../store/receipt-records.ts';
import {
  type ConversationRecord,
  type MemberRecord,
  type MessageRecord,
  nameOf,
  type MessageKey,
  type RosterEntry,
  type ServerTx,
  type StepRecord,
} from '../store/server-store.ts';

export class SubmitWork {
  private readonly conversations = new Map<ConversationId, ConversationRecord>();
  private readonly members = new Map<number, MemberRecord>();
  private readonly rosters = new Map<number, RosterEntry[]>();
  private readonly changed = new Set<ConversationId>();
  private readonly changedMembers = new Set<number>();
  private readonly messages: MessageRecord[] = [];
  private readonly messagesOf = new Map<MessageId, ConversationRecord>();
  private readonly recalled: MessageRecord[] = [];
  private readonly steps: StepRecord[] = [];
  private readonly newReceipts = new Map<string, ReceiptRecord>();
  private readonly receipts = new Map<string, ReceiptRecord>();
  private readonly endedReceipts: MessageKey[] = [];
  private readonly acks: AckRecord[] = [];
  /** Users whom a change concerns at once, and users whom an ack concerns. */
  private readonly changeUsers = new Set<UserId>();
  private readonly receiptUsers = new Set<UserId>();
  /** Groups with all their members, in the same way. Expanded once, when the hints are made: an entry costs the same in every group. */
  private readonly changeGroups = new Set<number>();
  private readonly receiptGroups = new Set<number>();

  /**
   * @param messagesById messages named by the frame, by id; those it sends are added.
   * @param everybodys whether every member sees a message's counts.
   */
  constructor(
    readonly me: UserId,
    readonly deviceId: string,
    readonly version: number,
    readonly now: number,
    readonly messagesById: Map<MessageId, MessageRecord>,
    readonly membersSeeReaders: boolean,
  ) {}

  load(conversations: readonly ConversationRecord[], mine: readonly MemberRecord[]): void {
    for (const conversation of conversations) this.conversations.set(nameOf(conversation, this.me), conversation);
    for (const member of mine) this.members.set(member.conversationId, member);
  }

  loadRosters(roster: readonly RosterEntry[]): void {
    for (const entry of roster) {
      const list = this.rosters.get(entry.conversationId);
      if (list) list.push(entry);
      else this.rosters.set(entry.conversationId, [entry]);
    }
  }

  /** One the author is or was part of. */
  conversation(name: ConversationId): ConversationRecord | undefined {
    return this.conversations.get(name);
  }

  /** Its author's own row; laid together with the conversation. */
  member(conversation: ConversationRecord): MemberRecord {
    return this.members.get(conversation.id)!;
  }

  /** The members of a group; laid only for groups whose members the frame concerns. */
  roster(conversation: ConversationRecord): readonly RosterEntry[] {
    return this.rosters.get(conversation.id) ?? [];
  }

  change(conversation: ConversationRecord, latestSeq = conversation.latestSeq): void {
    const name = nameOf(conversation, this.me);
    this.conversations.set(name, { ...conversation, latestSeq, version: Math.max(conversation.version, this.version) });
    this.changed.add(name);
    this.changeUsers.add(this.me);
    if (conversation.groupId === null) {
      // Without a message there is nothing in it for the peer: only flags of this user.
      if (latestSeq === 0) return;
      this.changeUsers.add(conversation.userA);
      this.changeUsers.add(conversation.userB);
    } else this.changeGroups.add(conversation.id);
  }

  /** In a direct chat it changes the conversation too, for whoever is told; in a group it is the member's own affair. */
  changeMember(conversation: ConversationRecord, member: MemberRecord): void {
    const inGroup = conversation.groupId !== null;
    this.members.set(conversation.id, inGroup ? { ...member, version: Math.max(member.version, this.version) } : member);
    this.changedMembers.add(conversation.id);
    if (inGroup) this.changeUsers.add(this.me);
    else this.change(conversation);
  }

  addMessage(conversation: ConversationRecord, message: MessageRecord, receipt: ReceiptRecord | undefined): void {
    this.messages.push(message);
    this.messagesOf.set(message.id, conversation);
    this.messagesById.set(message.id, message);
    if (receipt) this.newReceipts.set(messageKey(receipt), receipt);
  }

  /** Its receipts end with it. */
  recall(conversation: ConversationRecord, message: MessageRecord): void {
    this.messagesById.set(message.id, message);
    this.recalled.push(message);
    if (conversation.groupId !== null && !this.newReceipts.delete(messageKey(message)))
      this.endedReceipts.push({ conversationId: message.conversationId, seq: message.seq });
    this.change(conversation);
  }

  addSteps(steps: readonly StepRecord[]): void {
    this.steps.push(...steps);
  }

  addAck(conversation: ConversationRecord, receipt: ReceiptRecord, content: string | null): void {
    const { conversationId, seq } = receipt;
    this.acks.push({ conversationId, seq, userId: this.me, at: this.now, content, version: this.version });
    this.receipts.set(messageKey(receipt), { ...receipt, version: Math.max(receipt.version, this.version) });
    this.receiptUsers.add(receipt.senderId);
    if (this.membersSeeReaders) this.receiptGroups.add(conversation.id);
  }

  /** Told to the whole group. */
  expire(conversation: ConversationRecord, receipt: ReceiptRecord): void {
    this.receipts.set(messageKey(receipt), { ...receipt, open: false, expired: true, version: Math.max(receipt.version, this.version) });
    this.changeGroups.add(conversation.id);
  }

  async writeBack(tx: ServerTx): Promise<void> {
    if (this.changed.size > 0) await tx.putConversations([...this.changed].map((name) => this.conversations.get(name)!));
    if (this.changedMembers.size > 0) await tx.putMembers([...this.changedMembers].map((id) => this.members.get(id)!));
    if (this.messages.length > 0) await tx.insertMessages(this.messages);
    if (this.recalled.length > 0) await tx.putMessages(this.recalled);
    if (this.steps.length > 0) await tx.insertSteps(this.steps);
    if (this.newReceipts.size > 0) await tx.insertReceipts([...this.newReceipts.values()]);
    if (this.receipts.size > 0) await tx.putReceipts([...this.receipts.values()]);
    if (this.endedReceipts.length > 0) await tx.deleteReceipts(this.endedReceipts);
    if (this.acks.length > 0) await tx.insertAcks(this.acks);
  }

  /** Of the messages of this frame that still stand at its end. */
  get pushes(): readonly PushFrame[] {
    return [...this.messagesOf].flatMap(([id, conversation]) =>
      pushesOf(conversation, this.messagesById.get(id)!, this.roster(conversation)),
    );
  }

  get hints(): readonly Hint[] {
    const changes = this.withMembers(this.changeUsers, this.changeGroups);
    const receipts = [...this.withMembers(this.receiptUsers, this.receiptGroups)].filter((user) => !changes.has(user));
    const hints: Hint[] = [];
    if (changes.size > 0) hints.push({ kind: 'changes', userIds: [...changes] });
    if (receipts.length > 0) hints.push({ kind: 'receipts', userIds: receipts });
    return hints;
  }

  private withMembers(users: ReadonlySet<UserId>, groups: ReadonlySet<number>): ReadonlySet<UserId> {
    const all = new Set(users);
    for (const id of groups) for (const { userId } of this.rosters.get(id) ?? []) all.add(userId);
    return all;
  }
}
