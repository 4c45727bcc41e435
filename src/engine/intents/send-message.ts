/** Sending: queued here, sent in order, the same id being the same message. */
import { RejectedError } from '../../errors.ts';
import { conversationType, type ConversationId, type MessageId } from '../../model/ids.ts';
import type { NewMessage } from '../../model/intents.ts';
import type { Message } from '../../model/message.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import type { AccountState } from '../state/account-state.ts';
import { presentMessage, presentPending } from '../present/present-conversation.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentPorts } from '../write/enqueue.ts';

const conflict = (id: MessageId): RejectedError =>
  new RejectedError('rejected/id-conflict', `message id ${JSON.stringify(id)} was used for another message`);

/** The message this id already stands for here, if it is the same one. */
const already = (
  model: AccountState,
  conversationId: ConversationId,
  id: MessageId,
  message: MessageEntry['message'],
): Message | undefined => {
  const pending = model.findPending(id);
  if (pending) {
    if (pending.conversationId === conversationId && pending.message.body === message.body)
      return presentPending(model, pending, 'pending');
    throw conflict(id);
  }
  const storedSeqs = model.findUnflushed(id);
  if (!storedSeqs) return undefined;
  const same = storedSeqs.conversation.id === conversationId && storedSeqs.message.senderId === model.me;
  if (same && (storedSeqs.message.recalled || storedSeqs.message.body === message.body))
    return presentMessage(model, storedSeqs.conversation, storedSeqs.message);
  throw conflict(id);
};

/** @throws {RejectedError} `rejected/id-conflict` where the id is known to stand for another message. */
export const sendMessage = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, message: NewMessage): Message => {
  const { model } = draft;
  const content: MessageEntry['message'] = {
    id: message.id ?? ports.random.id(),
    body: message.body,
    receiptRequested: message.requestReceipt ?? conversationType(conversationId) === 'direct',
    countable: message.countable ?? true,
  };
  const known = message.id === undefined ? undefined : already(model, conversationId, message.id, content);
  if (known) return known;
  const entry: MessageEntry = {
    kind: 'message',
    key: ports.random.id(),
    conversationId,
    at: ports.clock.wall(),
    sent: false,
    cursor: model.cursor,
    message: content,
  };
  draft.change({ t: 'enqueue', entry });
  return presentPending(model, entry, 'pending');
};
