/**
 * Applies `message` and `recall` entries. A message already stored is confirmed before any other rule is
 * checked (F61). So is a message that was stored and has ended: its body is gone, so its id, sender and conversation decide.
 */
import { sameMentions, storedMentions } from '../../model/message/mentions.ts';
import type { ReceiptPolicy } from '../../protocol/frames.ts';
import type { WireMessageEntry, WireRecallEntry } from '../../protocol/submit.ts';
import { type Counting, uncountedFor } from './ask-counts.ts';
import { confirmed, type Outcome } from './answer-rows.ts';
import type { SubmitWork } from './submit-work.ts';
import { noSuchConversation, reject } from './read-entries.ts';
import type { ReceiptRecord } from '../store/receipt-records.ts';
import type { ConversationRecord, GroupRecord, MessageRecord } from '../store/records.ts';

const sameMessage = (
  unit: SubmitWork,
  stored: MessageRecord,
  entry: WireMessageEntry,
  conversation: ConversationRecord | undefined,
): boolean =>
  stored.senderId === unit.me &&
  conversation !== undefined &&
  stored.conversationId === conversation.id &&
  stored.countable === entry.countable &&
  // The server stores a message of a group above `maxMembers` without the receipt request, and its sender
  // does not know this yet.
  (stored.receiptRequested === entry.receiptRequested || (conversation.groupId !== null && entry.receiptRequested)) &&
  (stored.recalled || (stored.body === entry.body && sameMentions(stored.mentions, storedMentions(entry.mentions))));

/** Whether the entry repeats a message of the author that has ended. */
const hasEnded = (
  { me, ended }: SubmitWork,
  { id }: WireMessageEntry | WireRecallEntry,
  conversation: ConversationRecord | undefined,
): boolean => ended.get(id)?.senderId === me && ended.get(id)?.conversationId === conversation?.id;

type ReceiptRequest = { readonly refusal: Outcome } | { readonly memberCount: number | null };

/**
 * The receipt request of a group message: refused, or the number of members asked. `memberCount` is null
 * without a request.
 */
const receiptRequestOf = (unit: SubmitWork, conversation: GroupRecord, entry: WireMessageEntry, policy: ReceiptPolicy): ReceiptRequest => {
  if (!entry.receiptRequested) return { memberCount: null };
  if (!policy.groups) return { refusal: reject(entry.key, 'rejected/group-receipts-disabled', 'groups have no receipts here') };
  if (policy.mayRequest === 'admins' && unit.member(conversation).role !== 'admin')
    return { refusal: reject(entry.key, 'rejected/permission-denied', 'only admins may ask for receipts in a group') };
  const members = unit.roster(conversation).length;
  return { memberCount: members > policy.maxMembers ? null : members - 1 };
};

/**
 * Stores a new message, or confirms a repeated one.
 *
 * @param mayWrite whether the directory lets the author write to the peer of a direct chat.
 */
export const applyMessage = (
  unit: SubmitWork,
  entry: WireMessageEntry,
  mayWrite: boolean,
  policy: ReceiptPolicy,
  counting?: Counting,
): Outcome => {
  const conversation = unit.conversation(entry.conversationId);
  const before = unit.messagesById.get(entry.id);
  if (before && sameMessage(unit, before, entry, conversation))
    return confirmed(entry, { message: { seq: before.seq, sentAt: before.sentAt, ...(before.recalled ? { recalled: true } : {}) } });
  const gone = unit.ended.get(entry.id);
  if (gone && hasEnded(unit, entry, conversation)) return confirmed(entry, { message: { seq: gone.seq, sentAt: gone.sentAt } });

  // A sender without permission must not learn whether the id names a message in another conversation.
  const inGroup = entry.conversationId.startsWith('group:');
  if (inGroup && (!conversation || unit.member(conversation).role === null)) return noSuchConversation(entry.key);
  if (!inGroup && !mayWrite) return reject(entry.key, 'rejected/permission-denied', 'writing to this user is not allowed');
  // A first message with a used id creates no conversation.
  if (before || gone || !conversation) return reject(entry.key, 'rejected/id-conflict', 'this id already names another message');
  const request = conversation.groupId === null ? undefined : receiptRequestOf(unit, conversation, entry, policy);
  if (request && 'refusal' in request) return request.refusal;

  const seq = conversation.latestSeq + 1;
  const position = { conversationId: conversation.id, seq, senderId: unit.me };
  const memberCount = request?.memberCount ?? null;
  const receipt: ReceiptRecord | undefined =
    memberCount === null
      ? undefined
      : { ...position, memberCount, expiresAt: unit.now + policy.windowMs, expired: false, expiryPending: true, version: unit.version };
  const message: MessageRecord = {
    ...position,
    id: entry.id,
    sentAt: unit.now,
    body: entry.body,
    receiptRequested: request ? receipt !== undefined : entry.receiptRequested,
    countable: entry.countable,
    recalled: false,
    mentions: storedMentions(entry.mentions),
    uncountedFor: entry.countable ? uncountedFor(unit, conversation, counting) : [],
    version: unit.version,
  };
  unit.addMessage(conversation, message, receipt);
  unit.change(conversation, seq);
  return confirmed(entry, { message: { seq, sentAt: unit.now } });
};

/**
 * Recalls a message, for its sender only. A repeated recall changes nothing. Users without access to the
 * message get the answer for a missing message.
 */
export const applyRecall = (unit: SubmitWork, entry: WireRecallEntry): Outcome => {
  const conversation = unit.conversation(entry.conversationId);
  const before = unit.messagesById.get(entry.id);
  const isHere = conversation !== undefined && before?.conversationId === conversation.id;
  if (conversation && isHere && before.senderId === unit.me && before.recalled) return confirmed(entry);
  if (hasEnded(unit, entry, conversation)) return confirmed(entry);
  if (!conversation || unit.member(conversation).role === null) return noSuchConversation(entry.key);
  if (!isHere) return reject(entry.key, 'rejected/unknown-message', 'no such message');
  if (before.senderId !== unit.me) return reject(entry.key, 'rejected/permission-denied', 'only its sender can recall a message');
  unit.recall(conversation, { ...before, body: '', recalled: true, mentions: null, version: Math.max(before.version, unit.version) });
  return confirmed(entry);
};
