/** How many old messages this device keeps. Without a limit, all. */
export interface Retention {
  /** Keep this many of the newest messages of each conversation; at least 1. */
  readonly messagesPerConversation?: number;
  /** Keep the messages of this many last days, by the server's clock as far as the newest message shows the time. */
  readonly days?: number;
  /**
   * Keep about this many bytes of messages, in UTF-8. Above the limit, read messages of the quietest conversations go first, and unread messages
   * last. The newest message of each conversation stays. New messages wait for the next idle time, so the device may hold about 1 MiB more.
   */
  readonly bytes?: number;
}
