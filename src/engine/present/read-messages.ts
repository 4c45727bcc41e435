/** Reads messages of one conversation: from its pages, with unflushed messages and receipts merged in. */
import type { Message } from '../../model/message/message.ts';
import { intersect, type Ranges, seqsOf } from '../../model/registers/ranges.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { readPages } from '../../log/pages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { presentMessage } from './present-conversation.ts';

/** The messages at these seqs, ascending, from pages and log records, without unflushed receipts. */
export const readWithoutReceipts = async (tx: StoreTx, conversation: ConversationState, seqs: Ranges): Promise<KeptMessage[]> => {
  const bySeq = new Map((await readPages(tx, conversation.id, seqs)).map((message) => [message.seq, message]));
  for (const seq of seqsOf(seqs)) {
    const unflushed = conversation.unflushed.get(seq);
    if (unflushed) bySeq.set(seq, unflushed);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
};

/** The stored messages at these seqs, ascending, with all receipts. */
export const readStored = async (tx: StoreTx, conversation: ConversationState, seqs: Ranges): Promise<KeptMessage[]> =>
  (await readWithoutReceipts(tx, conversation, intersect(conversation.storedSeqs, seqs))).map((message) =>
    conversation.unflushed.over(message),
  );

/** The messages at these seqs, ascending, in their shown form. */
export const readPresented = async (tx: StoreTx, model: AccountState, conversation: ConversationState, seqs: Ranges): Promise<Message[]> =>
  (await readWithoutReceipts(tx, conversation, seqs)).map((message) => presentMessage(model, conversation, message));
