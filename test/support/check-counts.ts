/** Checks that every cached count of a state equals the count derived again (I-13). */
import type { AccountState } from '../../src/engine/state/account-state.ts';
import { ConversationState } from '../../src/engine/state/conversation-state.ts';
import { contains } from '../../src/model/registers/ranges.ts';

/** @throws {Error} that names the conversation with a wrong count. */
export const checkCounts = ({ conversations }: AccountState): void => {
  for (const conversation of conversations.values()) {
    const counts = (one: ConversationState): string => JSON.stringify([one.unread, one.mentions, one.counts()]);
    const shown = counts(conversation);
    const again = new ConversationState(conversation.id, conversation.row);
    again.receipts = conversation.receipts;
    if (shown !== counts(again)) throw new Error(`${conversation.id} shows ${shown}, counted again ${counts(again)}`);
    for (const seq of conversation.unflushed.seqs)
      if (!contains(conversation.storedSeqs, seq)) throw new Error(`${conversation.id}: the unflushed message ${seq} is not in storedSeqs`);
  }
};
