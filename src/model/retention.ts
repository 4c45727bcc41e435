/** How many old messages this device keeps. Without a limit, all. */
export interface Retention {
  /** Keep this many of the newest messages of each conversation; at least 1. */
  readonly messagesPerConversation?: number;
  /** Keep the messages of this many last days, by the server's clock as far as the newest message shows the time. */
  readonly days?: number;
}
