/** The calls of a client that the panel uses. A client of any body fits. */
import type { Conversation, ConversationId, Inspection, ListOptions, StorageReport, UnreadExplanation } from '../index.ts';

/** The part of a client that the panel reads. */
export interface InspectedClient {
  /** The user of the client. */
  readonly userId: string;
  /** Reads the inside of the client. */
  inspect(): Promise<Inspection>;
  /** Reads what this device stores. */
  storage(): Promise<StorageReport>;
  /** Explains an unread count. */
  explainUnread(conversationId: ConversationId): Promise<UnreadExplanation>;
  /** Watches the list of conversations, by `subscribe` and `unsubscribe`. */
  watchConversations(options?: ListOptions): {
    subscribe(next: (list: readonly Pick<Conversation, 'id' | 'unreadCount'>[]) => void): { unsubscribe(): void };
  };
}
