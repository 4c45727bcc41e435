/** The receipts of a list of messages. */
import type { VendorSession } from '../vendor-session.ts';
import { ChatError, NO_ELIGIBLE_MESSAGE } from './errors.ts';
import { conversationIdOf } from './names.ts';
import type { MessageRef } from './types.ts';

/** Sends the receipts of these messages, each in its conversation. */
export const sendReceipts = async (session: VendorSession, messageList: readonly MessageRef[]): Promise<void> => {
  const wanted = messageList.filter(({ flow, needReadReceipt }) => flow === 'in' && needReadReceipt);
  const conversationIDs = [...new Set(wanted.map(({ conversationID }) => conversationID))];
  let eligible = 0;
  const sent = conversationIDs.map(async (conversationID) => {
    const ids = wanted.filter((message) => message.conversationID === conversationID).map(({ ID }) => ID);
    const { queued, skipped } = await session.sendReceipts(conversationIdOf(conversationID), ids);
    // A repeated receipt is no mistake of the app, which passes the whole list each time.
    eligible += queued.length + skipped.filter(({ reason }) => reason === 'already-acked').length;
  });
  // Each call is over before an error is told: no promise is left behind.
  for (const outcome of await Promise.allSettled(sent)) if (outcome.status === 'rejected') throw outcome.reason;
  if (eligible === 0) throw new ChatError(NO_ELIGIBLE_MESSAGE, 'no message wants a receipt of this user');
};
