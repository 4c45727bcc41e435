/**
 * The worker's calls that read a conversation. A direct chat sends one conversation receipt, a group one receipt per
 * asking message. A private view makes calls that have no public part, so the senders learn nothing.
 */
import { conversationType, type ConversationId, type MessageId, type Seq } from '../../model/ids.ts';
import type { WorkerConnection } from '../../bridge/connect.ts';

export interface ReadCalls {
  /** The `seq` of a message of the conversation; null for an unknown message. */
  seqOf(messageId: MessageId): Promise<Seq | null>;
  /** Reads all stored messages, or all up to one message. */
  all(upTo?: MessageId): Promise<void>;
  /** Reads the messages that arrived above `after`, up to `upTo`. @returns the `seq` of the newest message read. */
  arrivals(after: Seq, upTo: Seq): Promise<Seq>;
  /** True in a direct chat with receipts: there only `arrivals` sends the receipts of single messages. */
  readonly isDirect: boolean;
}

export const readCalls = (
  connection: Pick<WorkerConnection, 'intent' | 'query'>,
  conversationId: ConversationId,
  tellsSenders: boolean,
): ReadCalls => {
  const isDirect = tellsSenders && conversationType(conversationId) === 'direct';
  const arrivals = tellsSenders ? 'readArrivals' : 'passArrivals';
  const all = tellsSenders ? 'readGroup' : 'clearConversationUnreadCount';
  return {
    isDirect,
    seqOf: (messageId) => connection.query('seqOf', conversationId, messageId),
    all: (upTo) =>
      isDirect ? connection.intent('sendConversationReadReceipt', conversationId, { upTo }) : connection.intent(all, conversationId, upTo),
    arrivals: (after, upTo) => connection.intent(arrivals, conversationId, after, upTo),
  };
};
