/** The shown form of conversations and messages: the server's row with the overlay of pending entries. */
import type { Conversation } from '../../model/conversation/conversation.ts';
import { conversationType } from '../../model/ids.ts';
import { type Message, parseBody } from '../../model/message/message.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import { highest } from '../../model/registers/ranges.ts';
import { directStatus } from '../../model/message/receipt.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';

export const presentMessage = (model: AccountState, conversation: ConversationState, message: KeptMessage): Message => {
  const recalled = conversation.isRecalled(message);
  return {
    id: message.id,
    conversationId: conversation.id,
    senderId: message.senderId,
    seq: message.seq,
    sentAt: message.sentAt,
    body: recalled ? null : parseBody(message.body),
    receiptRequested: message.receiptRequested,
    countable: message.countable,
    recalled,
    mentionsMe: message.mentionsMe === true && !recalled,
    status:
      conversationType(conversation.id) === 'group' || recalled
        ? message.senderId === model.me
          ? 'sent'
          : 'received'
        : directStatus(message, model.me, conversation.row.theirs),
  };
};

/** The shown form of a message unknown to the server: a pending message, or a rejected one. */
export const presentPending = (
  model: AccountState,
  { conversationId, message, at }: MessageEntry,
  status: 'pending' | 'failed',
): Message => ({
  id: message.id,
  conversationId,
  senderId: model.me,
  seq: null,
  sentAt: at,
  body: parseBody(message.body),
  receiptRequested: message.receiptRequested,
  countable: message.countable,
  recalled: false,
  mentionsMe: false,
  status,
});

const lastMessage = (model: AccountState, conversation: ConversationState): Message | undefined => {
  const pending = conversation.pending[conversation.pending.length - 1];
  if (pending) return presentPending(model, pending, 'pending');
  const { latest } = conversation;
  return latest ? presentMessage(model, conversation, latest) : undefined;
};

interface PresentedBefore {
  readonly revision: object;
  readonly made: readonly unknown[];
  readonly text: string;
  readonly shown: Conversation;
}

const presentedBefore = new WeakMap<object, PresentedBefore>();

/** The parts that make the shown form. A queued receipt for a sender changes none of them. */
const madeOf = ({
  row,
  newest,
  pending,
  recalls,
  readUpTo,
  pendingReceipts,
  muted,
  markedUnread,
  mark,
  archived,
}: ConversationState): readonly unknown[] => [
  row,
  newest,
  pending,
  recalls,
  readUpTo,
  pendingReceipts.cleared,
  muted,
  markedUnread,
  mark.from,
  mark.count,
  archived,
];

/** The shown form of a conversation: the same object as before if it looks the same. */
export const presentConversation = (model: AccountState, conversation: ConversationState): Conversation => {
  const { revision, identity } = conversation;
  const before = presentedBefore.get(identity);
  if (before?.revision === revision) return before.shown;
  const made = madeOf(conversation);
  const now = before?.made.every((part, i) => part === made[i]) ? before.shown : show(model, conversation);
  const text = now === before?.shown ? before.text : JSON.stringify(now);
  const shown = before?.text === text ? before.shown : now;
  presentedBefore.set(identity, { revision, made, text, shown });
  return shown;
};

const show = (model: AccountState, conversation: ConversationState): Conversation => {
  const { row } = conversation;
  const direct = conversationType(conversation.id) === 'direct';
  const last = lastMessage(model, conversation);
  const { delivered, read, named } = row.theirs;
  return {
    id: conversation.id,
    type: direct ? 'direct' : 'group',
    ...(last ? { lastMessage: last } : {}),
    unreadCount: conversation.unread.unreadCount,
    mentionCount: conversation.mentions.mentionCount,
    exact: conversation.unread.exact && conversation.mentions.exact,
    markedUnread: conversation.markedUnread,
    muted: conversation.muted,
    archived: conversation.archived,
    left: conversation.left,
    readUpTo: conversation.readUpTo,
    latestSeq: row.latestSeq,
    ...(direct ? { peerReadUpTo: highest(read), peerDeliveredUpTo: Math.max(highest(read), highest(named), highest(delivered)) } : {}),
  };
};
