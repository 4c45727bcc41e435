/** Recall: the sender takes an own message back. */
import { UsageError } from '../../errors.ts';
import type { MessageId } from '../../model/ids.ts';
import { findAnywhere } from '../present/find-message.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentTable } from './intent.ts';

/**
 * Empties an own message on all devices. A message never sent ends `cancelled` and disappears. A message possibly sent gets a
 * recall entry, which the outbox sends after the message. This device shows the message as recalled at once.
 *
 * @throws {UsageError} `usage/unknown-message` when this device does not store the message; `usage/invalid-argument` when another user sent
 * the message.
 */
export const recallMessage = async (draft: Draft, ports: IntentPorts, messageId: MessageId): Promise<void> => {
  const { model } = draft;
  const pending = model.findPending(messageId);
  if (pending && !pending.sent) return draft.change({ t: 'end', key: pending.key, end: 'cancelled' });
  const found = pending ? undefined : await findAnywhere(draft.tx, model, messageId);
  if (!pending && !found)
    throw new UsageError(
      'usage/unknown-message',
      `message ${JSON.stringify(messageId)} is not stored on this device: load older messages first`,
    );
  if (found && found.message.senderId !== model.me)
    throw new UsageError(
      'usage/invalid-argument',
      `message ${JSON.stringify(messageId)} was sent by another user: only its sender can recall it`,
    );
  const conversationId = pending?.conversationId ?? found!.conversation.id;
  if (model.get(conversationId)?.isRecalled({ id: messageId, recalled: found?.message.recalled === true })) return;
  draft.change({
    t: 'enqueue',
    entry: { kind: 'recall', key: draft.newKey(), conversationId, at: ports.clock.wall(), sent: false, cursor: model.cursor, messageId },
  });
};

export const recallIntents = { recallMessage: { readsPages: true, decide: recallMessage } } satisfies Partial<IntentTable>;
