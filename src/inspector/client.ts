/** What the panel needs of a client. A client of any body fits. */
import type { Conversation, ConversationId, Inspection, ListOptions, StorageReport, UnreadExplanation } from '../index.ts';

export interface InspectedClient {
  readonly userId: string;
  inspect(): Promise<Inspection>;
  storage(): Promise<StorageReport>;
  explainUnread(conversationId: ConversationId): Promise<UnreadExplanation>;
  watchConversations(options?: ListOptions): {
    subscribe(next: (list: readonly Pick<Conversation, 'id' | 'unreadCount'>[]) => void): { unsubscribe(): void };
  };
}
