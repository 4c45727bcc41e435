/** How much of old conversations this device keeps. Nothing named: all of it. */
export interface Retention {
  /** The newest so many of each conversation, at least 1. */
  readonly messagesPerConversation?: number;
  /** Those of the last so many days, by the server's clock as far as its newest message tells it. */
  readonly days?: number;
}
