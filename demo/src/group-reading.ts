/**
 * Reads a group by one press: senders who asked get receipts, and the count goes to 0. An open chat does the
 * same by itself.
 */
import { firstValueFrom } from 'rxjs';
import type { ConversationId, ReceiptClient } from 'tidemark';

const NEWEST = 50;

/** @param content the text of the receipts; the sender sees it beside the reader's name. */
export const readGroup = async (client: ReceiptClient, id: ConversationId, content?: string): Promise<void> => {
  const messages = await firstValueFrom(client.watchMessages(id, { limit: NEWEST }));
  const asking = messages.filter(({ senderId, receiptRequested, recalled }) => senderId !== client.userId && receiptRequested && !recalled);
  await Promise.all([
    client.sendReadReceipts(
      id,
      asking.map((message) => message.id),
      content === undefined ? {} : { content },
    ),
    client.clearConversationUnreadCount(id),
  ]);
};
