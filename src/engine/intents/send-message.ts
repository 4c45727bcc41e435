/** Sending a message: queued on this device, sent in the order of its conversation. One id stands for one message. */
import { RejectedError } from '../../errors.ts';
import { conversationType, type ConversationId, type MessageId } from '../../model/ids.ts';
import type { IntentCall, NewMessage } from '../../model/api/intents.ts';
import { sameMentions } from '../../model/message/mentions.ts';
import type { Message } from '../../model/message/message.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import type { Ports } from '../../ports/ports.ts';
import type { AccountState } from '../state/account-state.ts';
import { presentMessage, presentPending } from '../present/present-conversation.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';

const conflict = (id: MessageId): RejectedError =>
  new RejectedError('rejected/id-conflict', `message id ${JSON.stringify(id)} was used for another message: send this one under a new id`);

/**
 * Finds the message that already has this id on this device, so that a repeated call sends nothing twice.
 *
 * @throws {RejectedError} `rejected/id-conflict` when that message differs.
 */
const findSameMessage = (
  model: AccountState,
  conversationId: ConversationId,
  id: MessageId,
  message: MessageEntry['message'],
): Message | undefined => {
  const pending = model.findPending(id);
  if (pending) {
    const isSame = pending.message.body === message.body && sameMentions(pending.message.mentions, message.mentions);
    if (pending.conversationId === conversationId && isSame) return presentPending(model, pending, 'pending');
    throw conflict(id);
  }
  const found = model.findUnflushed(id);
  if (!found) return undefined;
  const { conversation, message: stored } = found;
  const isOwn = conversation.id === conversationId && stored.senderId === model.me;
  if (isOwn && (stored.recalled || stored.body === message.body)) return presentMessage(model, conversation, stored);
  throw conflict(id);
};

/**
 * Queues the message. A call that repeats the id and the body of an earlier call queues nothing and returns the earlier message.
 *
 * @throws {RejectedError} `rejected/id-conflict` when the id belongs to another message.
 */
export const sendMessage = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, message: NewMessage): Message => {
  const { model } = draft;
  const content: MessageEntry['message'] = {
    id: message.id ?? ports.random.id(),
    body: message.body,
    receiptRequested: message.requestReceipt ?? conversationType(conversationId) === 'direct',
    countable: message.countable ?? true,
    ...(message.mentions ? { mentions: message.mentions } : {}),
  };
  const known = message.id === undefined ? undefined : findSameMessage(model, conversationId, message.id, content);
  if (known) return known;
  const entry: MessageEntry = {
    kind: 'message',
    key: draft.newKey(),
    conversationId,
    at: ports.clock.wall(),
    sent: false,
    cursor: model.cursor,
    message: content,
  };
  draft.change({ t: 'enqueue', entry });
  return presentPending(model, entry, 'pending');
};

export const messageIntents = {
  sendMessage: { readsPages: false, keepsReserve: true, decide: sendMessage },
} satisfies Partial<IntentTable>;

/** Gives a new message its id before the first try, so that every later try of the same call sends the same message. */
export const withMessageId = (call: IntentCall, random: Pick<Ports['random'], 'id'>): IntentCall =>
  call.do === 'sendMessage' && call.args[1].id === undefined
    ? { do: call.do, args: [call.args[0], { ...call.args[1], id: random.id() }] }
    : call;
