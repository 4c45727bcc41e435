/** An app on the page: a chat SDK or a queue, alone or behind the outbox. */

export const CONVERSATIONS: readonly string[] = Array.from({ length: 20 }, (_, c) => `chat${c}`);

export const PER_CONVERSATION = 25;
/** The newest message of each conversation; the oldest is `m0`. */
export const LAST_MESSAGE = `m${PER_CONVERSATION - 1}`;

export interface Read {
  readonly conversation: string;
  readonly id: string;
  /** The place of the message in its conversation. */
  readonly order: number;
}

export interface Contestant {
  /** Starts the app, with a network or without. */
  start(server: string): unknown;
  isConnected(): boolean;
  /** The user reads a message. Resolves, or rejects, when the contestant has nothing more to do for it now. */
  read(read: Read): Promise<unknown>;
  /** The browser is back online: what a sync event of the browser would tell. */
  reconnected?(): void;
}

declare global {
  interface Window {
    contestant: Contestant;
  }
}
