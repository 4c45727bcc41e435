/**
 * The unit of work of one submitted frame. It reads the rows for the frame once, applies every entry to these
 * rows in memory, and writes each changed row back once.
 *
 *              load, loadRosters                   writeBack
 *   store rows ──────────────────▶ rows in memory ───────────▶ changed rows, messages, steps, acks
 *                                        ▲
 *   entry 1, entry 2, … in order ────────┘ change, changeMember, addMessage, recall, addAck, expire
 *
 * After `writeBack` the unit gives `hints` for connections and `pushes` for the host.
 */
import type { ConversationId, MessageId, UserId } from '../../model/ids.ts';
import { joinSettings } from '../../model/message/receipt-settings.ts';
import type { WireSettingsEntry } from '../../protocol/submit.ts';
import type { NewsHint } from '../bus/bus.ts';
import { messageKey } from '../feed/wire-messages.ts';
import { announced, type AnnouncedMessage } from '../push/announced.ts';
import type { AckRecord, ReceiptRecord } from '../store/receipt-records.ts';
import {
  type AccountRecord,
  changedFor,
  changedForAll,
  type ConversationRecord,
  type EndedMessage,
  type MemberRecord,
  type MessageRecord,
  nameOf,
  type MessageKey,
  type RosterEntry,
  type StepRecord,
} from '../store/records.ts';
import type { ServerTx } from '../store/server-store.ts';

export class SubmitWork {
  private readonly conversations = new Map<ConversationId, ConversationRecord>();
  private readonly members = new Map<number, MemberRecord>();
  private readonly peers = new Map<number, MemberRecord>();
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
  /** The receipt settings of the author's account, as the entries so far have left them; read only if the frame needs them. */
  account: AccountRecord | undefined;
  private settingsChanged = false;
  /** Users with a hint of kind `changes`, and users with a hint of kind `receipts`. */
  private readonly changeUsers = new Set<UserId>();
  private readonly receiptUsers = new Set<UserId>();
  /**
   * The same for all members of these groups. The groups are expanded once, when the hints are made, so an
   * entry costs the same in every group.
   */
  private readonly changeGroups = new Set<number>();
  private readonly receiptGroups = new Set<number>();

  /**
   * @param messagesById messages named by the frame, by id; `addMessage` adds the messages sent by the frame.
   * @param membersSeeReaders whether every member sees the readers of a message.
   * @param ended the messages named by the frame that have ended, by id.
   */
  constructor(
    readonly me: UserId,
    readonly deviceId: string,
    readonly version: number,
    readonly now: number,
    readonly messagesById: Map<MessageId, MessageRecord>,
    readonly membersSeeReaders: boolean,
    readonly ended: ReadonlyMap<MessageId, EndedMessage> = new Map(),
  ) {}

  load(conversations: readonly ConversationRecord[], mine: readonly MemberRecord[], theirs: readonly MemberRecord[] = []): void {
    for (const conversation of conversations) this.conversations.set(nameOf(conversation, this.me), conversation);
    for (const member of mine) this.members.set(member.conversationId, member);
    for (const member of theirs) this.peers.set(member.conversationId, member);
  }

  loadRosters(roster: readonly RosterEntry[]): void {
    for (const entry of roster) {
      const list = this.rosters.get(entry.conversationId);
      if (list) list.push(entry);
      else this.rosters.set(entry.conversationId, [entry]);
    }
  }

  /** A conversation with the author as a present or former member. */
  conversation(name: ConversationId): ConversationRecord | undefined {
    return this.conversations.get(name);
  }

  /** The author's own member row, loaded together with the conversation. */
  member(conversation: ConversationRecord): MemberRecord {
    return this.members.get(conversation.id)!;
  }

  /** The peer's row of a direct chat. */
  peer(conversation: ConversationRecord): MemberRecord | undefined {
    return this.peers.get(conversation.id);
  }

  /**
   * Members of a group. Rosters are loaded only for groups from `groupsToLoad`; for other groups the list is
   * empty.
   */
  roster(conversation: ConversationRecord): readonly RosterEntry[] {
    return this.rosters.get(conversation.id) ?? [];
  }

  /** A change that all members may see. */
  change(conversation: ConversationRecord, latestSeq = conversation.latestSeq): void {
    this.put(changedForAll({ ...conversation, latestSeq }, this.version));
    if (conversation.groupId === null) {
      this.changeUsers.add(conversation.userA);
      this.changeUsers.add(conversation.userB);
    } else this.changeGroups.add(conversation.id);
  }

  /** Changes the author's member row. Only the author's own devices see the change; {@link addSteps} tells the peer of receipts. */
  changeMember(conversation: ConversationRecord, member: MemberRecord): void {
    const inGroup = conversation.groupId !== null;
    this.members.set(conversation.id, inGroup ? { ...member, version: Math.max(member.version, this.version) } : member);
    this.changedMembers.add(conversation.id);
    if (inGroup) this.changeUsers.add(this.me);
    else this.put(changedFor(conversation, this.me, this.version));
  }

  private put(conversation: ConversationRecord): void {
    const name = nameOf(conversation, this.me);
    this.conversations.set(name, conversation);
    this.changed.add(name);
    this.changeUsers.add(this.me);
  }

  changeSettings({ deliveryReceipts, readReceipts }: WireSettingsEntry): void {
    const before = this.account!;
    const after = joinSettings(before, {
      ...(deliveryReceipts ? { deliveryReceipts } : {}),
      ...(readReceipts ? { readReceipts } : {}),
    });
    if (after.deliveryReceipts === before.deliveryReceipts && after.readReceipts === before.readReceipts) return;
    this.account = { ...before, ...after, version: Math.max(before.version, this.version) };
    this.settingsChanged = true;
    this.changeUsers.add(this.me);
  }

  addMessage(conversation: ConversationRecord, message: MessageRecord, receipt: ReceiptRecord | undefined): void {
    this.messages.push(message);
    this.messagesOf.set(message.id, conversation);
    this.messagesById.set(message.id, message);
    if (receipt) this.newReceipts.set(messageKey(receipt), receipt);
  }

  /** Recalls a message, which also deletes its receipt record. */
  recall(conversation: ConversationRecord, message: MessageRecord): void {
    this.messagesById.set(message.id, message);
    this.recalled.push(message);
    if (conversation.groupId !== null && !this.newReceipts.delete(messageKey(message)))
      this.endedReceipts.push({ conversationId: message.conversationId, seq: message.seq });
    this.change(conversation);
  }

  /** New receipts in a direct chat. */
  addSteps(chat: ConversationRecord, steps: readonly StepRecord[]): void {
    if (steps.length === 0) return;
    this.steps.push(...steps);
    this.change(chat);
  }

  addAck(conversation: ConversationRecord, receipt: ReceiptRecord, content: string | null): void {
    const { conversationId, seq } = receipt;
    this.acks.push({ conversationId, seq, userId: this.me, at: this.now, content, version: this.version });
    this.receipts.set(messageKey(receipt), { ...receipt, version: Math.max(receipt.version, this.version) });
    this.receiptUsers.add(receipt.senderId);
    if (this.membersSeeReaders) this.receiptGroups.add(conversation.id);
  }

  /** Marks a receipt record as expired. All members of the group get a hint. */
  expire(conversation: ConversationRecord, receipt: ReceiptRecord): void {
    this.receipts.set(messageKey(receipt), {
      ...receipt,
      expiryPending: false,
      expired: true,
      version: Math.max(receipt.version, this.version),
    });
    this.changeGroups.add(conversation.id);
  }

  /** Whether the author's own feed has nothing but rows to say: no message, no recall, and no readers of a message. */
  get changesOnlyRows(): boolean {
    return (
      this.messages.length + this.recalled.length + this.changeGroups.size + this.receiptGroups.size === 0 &&
      !this.receiptUsers.has(this.me)
    );
  }

  /** Whether `writeBack` changes what the rows of the answer are read from: the messages. */
  get writesMessages(): boolean {
    return this.messages.length + this.recalled.length > 0;
  }

  async writeBack(tx: ServerTx): Promise<void> {
    // Each of these writes another table, so they may be one statement.
    await Promise.all([
      this.account && this.settingsChanged ? tx.putAccount(this.account) : undefined,
      this.changed.size > 0 ? tx.putConversations([...this.changed].map((name) => this.conversations.get(name)!)) : undefined,
      this.changedMembers.size > 0 ? tx.putMembers([...this.changedMembers].map((id) => this.members.get(id)!)) : undefined,
      this.messages.length > 0 ? tx.insertMessages(this.messages) : undefined,
      this.steps.length > 0 ? tx.insertSteps(this.steps) : undefined,
      this.newReceipts.size > 0 ? tx.insertReceipts([...this.newReceipts.values()]) : undefined,
    ]);
    if (this.recalled.length > 0) await tx.putMessages(this.recalled);
    if (this.receipts.size > 0) await tx.putReceipts([...this.receipts.values()]);
    if (this.endedReceipts.length > 0) await tx.deleteReceipts(this.endedReceipts);
    if (this.acks.length > 0) await tx.insertAcks(this.acks);
  }

  /** The recipients of this frame's messages, without messages recalled by the same frame. */
  get pushes(): readonly AnnouncedMessage[] {
    return [...this.messagesOf].flatMap(
      ([id, conversation]) => announced(conversation, this.messagesById.get(id)!, this.roster(conversation)) ?? [],
    );
  }

  get hints(): readonly NewsHint[] {
    const changes = this.withMembers(this.changeUsers, this.changeGroups);
    const receipts = [...this.withMembers(this.receiptUsers, this.receiptGroups)].filter((user) => !changes.has(user));
    const hints: NewsHint[] = [];
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
