/** Checks that every cached count of a state equals the count derived again (I-13). */
import type { AccountState } from '../../src/engine/state/account-state.ts';
import { contains } from '../../src/model/registers/ranges.ts';

/** @throws {Error} that names the conversation with a wrong count. */
export const checkCounts = ({ conversations }: AccountState): void => {
  for (const conversation of conversations.values()) {
    const counts = (): string => JSON.stringify([conversation.unread, conversation.mentions, conversation.counts()]);
    const shown = counts();
    conversation.forgetDerived();
    if (shown !== counts()) throw new Error(`${conversation.id} shows ${shown}, counted again ${counts()}`);
    for (const seq of conversation.unflushed.seqs)
      if (!contains(conversation.storedSeqs, seq)) throw new Error(`${conversation.id}: the unflushed message ${seq} is not in storedSeqs`);
  }
};
