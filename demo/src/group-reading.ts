/** Reading a group by one press: those who asked learn of it, the count falls. An open chat does the same by itself. */
import { firstValueFrom } from 'rxjs';
import type { ConversationId, ReceiptClient } from 'tidemark';

const NEWEST = 50;

/** @param content what is said with the receipts; the sender finds it beside the reader's name. */
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
