/** The receipts of a list of messages. */
import type { VendorSession } from '../vendor-session.ts';
import { ChatError, NO_ELIGIBLE_MESSAGE } from './errors.ts';
import { conversationIdOf } from './names.ts';
import type { MessageRef } from './types.ts';

/** Sends the receipts of these messages, each in its conversation. */
export const sendReceipts = async (session: VendorSession, messageList: readonly MessageRef[]): Promise<void> => {
  const idsOf = new Map<string, string[]>();
  for (const { ID, conversationID, flow, needReadReceipt } of messageList)
    if (flow === 'in' && needReadReceipt) idsOf.set(conversationID, [...(idsOf.get(conversationID) ?? []), ID]);
  let eligible = 0;
  const sent = [...idsOf].map(async ([conversationID, ids]) => {
    const { queued, skipped } = await session.sendReceipts(conversationIdOf(conversationID), ids);
    // A repeated receipt is no mistake of the app, which passes the whole list each time.
    eligible += queued.length + skipped.filter(({ reason }) => reason === 'already-acked').length;
  });
  // Each call is over before an error is told: no promise is left behind.
  const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  if (eligible === 0) throw new ChatError(NO_ELIGIBLE_MESSAGE, 'no message of the list wants a receipt of this user');
};
