/** Taking an own message back. */
import { UsageError } from '../../errors.ts';
import type { MessageId } from '../../model/ids.ts';
import { findAnywhere } from '../present/find-message.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';

/**
 * Empties an own message everywhere. One that never left ends `cancelled` and is gone; one that may have is recalled after it was
 * sent, in the order of its conversation. Shown as recalled at once.
 *
 * @throws {UsageError} `usage/unknown-message` where it is not held, `usage/invalid-argument` where somebody else sent it.
 */
export const recallMessage = async (draft: Draft, ports: IntentPorts, messageId: MessageId): Promise<void> => {
  const { model } = draft;
  const pending = model.findPending(messageId);
  if (pending && !pending.sent) return draft.change({ t: 'end', key: pending.key, end: 'cancelled' });
  const found = pending ? undefined : await findAnywhere(draft.tx, model, messageId);
  if (!pending && !found) throw new UsageError('usage/unknown-message', `message ${JSON.stringify(messageId)} is not held here`);
  if (found && found.message.senderId !== model.me) throw new UsageError('usage/invalid-argument', 'only its sender can recall a message');
  const conversationId = pending?.conversationId ?? found!.conversation.id;
  if (found?.message.recalled || model.get(conversationId)?.recalls.some((recall) => recall.messageId === messageId)) return;
  draft.change({
    t: 'enqueue',
    entry: { kind: 'recall', key: ports.random.id(), conversationId, at: ports.clock.wall(), sent: false, cursor: model.cursor, messageId },
  });
};
