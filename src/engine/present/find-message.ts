/** Finds messages by id. The search starts with the newest pages, because people act on new messages most. */
import type { MessageId } from '../../model/ids.ts';
import { highest, intersect, range } from '../../model/registers/ranges.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { readPages } from '../../log/pages.ts';
import { PAGE_SIZE } from '../../log/tables.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';

const PAGES_AT_ONCE = 16;

/** The stored messages of one conversation with these ids. */
export const findInConversation = async (
  tx: StoreTx,
  conversation: ConversationState,
  ids: Iterable<MessageId>,
): Promise<Map<MessageId, KeptMessage>> => {
  const wanted = new Set(ids);
  const found = new Map<MessageId, KeptMessage>();
  const match = (message: KeptMessage): void => {
    if (!wanted.delete(message.id)) return;
    found.set(message.id, conversation.unflushed.over(message));
  };
  for (const message of conversation.unflushed.all) match(message);
  if (conversation.newest) match(conversation.newest);
  const seqsAtOnce = PAGES_AT_ONCE * PAGE_SIZE;
  for (let upTo = highest(conversation.storedSeqs); upTo > 0 && wanted.size > 0; upTo -= seqsAtOnce) {
    const seqs = intersect(conversation.storedSeqs, range(Math.max(1, upTo - seqsAtOnce + 1), upTo));
    if (seqs.length > 0) for (const message of await readPages(tx, conversation.id, seqs)) match(message);
  }
  return found;
};

/** Finds a message by id in all conversations: the unflushed messages first, then every page. */
export const findAnywhere = async (
  tx: StoreTx,
  model: AccountState,
  id: MessageId,
): Promise<{ conversation: ConversationState; message: KeptMessage } | undefined> => {
  const unflushed = model.findUnflushed(id);
  if (unflushed) return unflushed;
  for (const conversation of model.conversations.values()) {
    const message = (await findInConversation(tx, conversation, [id])).get(id);
    if (message) return { conversation, message };
  }
  return undefined;
};
