/** Publishes messages of the host in a user's name, by the way of a submitted entry. */
import { RejectedError, UsageError } from '../errors.ts';
import { type ConversationId, requireId } from '../model/ids.ts';
import { requireMentions } from '../model/message/mentions.ts';
import { bodyText } from '../model/message/message.ts';
import { readOptions } from '../model/option-names.ts';
import type { Core } from './core.ts';
import type { PublishedMessage } from './receipt-server.ts';
import { inTurnsOf } from './store/turns.ts';
import { submitEntries } from './submit/submit.ts';

const FIELDS = { from: 1, to: 1, body: 1, id: 1, receiptRequested: 1, countable: 1, mentions: 1 } as const;

/** The conversation of a published message, as the sender names it. @throws {UsageError} */
const requireConversation = (to: PublishedMessage['to']): ConversationId => {
  const { user, group } = readOptions<{ user?: unknown; group?: unknown }>(to, 'publish: to', { user: 1, group: 1 });
  if ((user === undefined) === (group === undefined))
    throw new UsageError('usage/invalid-argument', 'publish: to must be { user } or { group }, one of them');
  return user === undefined ? `group:${requireId(group, 'to.group')}` : `direct:${requireId(user, 'to.user')}`;
};

/**
 * Writes a message as its sender. Checks the message before it waits for the store.
 *
 * @throws {UsageError} for a malformed message.
 * @throws {RejectedError} if the store refuses the message for good.
 */
export const publishMessage = async (
  opening: Promise<Core>,
  message: PublishedMessage,
): Promise<{ readonly id: string; readonly seq: number; readonly sentAt: number }> => {
  const {
    from,
    to,
    body,
    id = crypto.randomUUID(),
    receiptRequested,
    countable = true,
    mentions,
  } = readOptions(message, 'publish', FIELDS);
  requireId(from, 'from');
  const conversationId = requireConversation(to);
  const entry = {
    kind: 'message',
    key: requireId(id, 'id'),
    conversationId,
    cursor: null,
    id,
    body: bodyText(body),
    receiptRequested: receiptRequested ?? conversationId.startsWith('direct:'),
    countable,
    mentions: requireMentions(mentions),
  };
  const now = await opening;
  const mine = { ...now, store: inTurnsOf(now.store, now.turns, from) };
  const { results, hints } = await submitEntries(mine, { userId: from, deviceId: 'server' }, [entry], { wantsRows: false });
  const [result] = results;
  if (result?.outcome === 'confirmed' && result.message) {
    for (const hint of hints) now.bus.publish(hint);
    return { id, ...result.message };
  }
  if (result?.outcome === 'rejected') throw new RejectedError(result.code, result.message, id);
  throw new Error('the store did not take the message; publishing it again under the same id is safe');
};
