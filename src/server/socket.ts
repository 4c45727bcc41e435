/** What stands between a connection and whatever carries its frames. */
import type { UserId } from '../model/ids.ts';
import type { Hint } from './bus.ts';

/** What a connection needs of a socket. */
export interface Socket {
  send(text: string): void;
  /** After this nothing is sent. */
  close(code: number, reason: string): void;
  /** Bytes handed over that the other side has not taken yet. */
  readonly buffered: number;
}

export interface Connection {
  receive(text: string): void;
  /** A frame that is no text, or cannot be read as such. */
  receiveUnreadable(why: string): void;
  /** The socket is gone. */
  closed(): void;
  /** Something changed for this user; look. For receipts alone a few times a second. Default `changes`. */
  wake(kind?: Hint['kind']): void;
  /** The policy changed: says welcome again. */
  tellPolicy(): void;
  end(code: number, reason: string): void;
  readonly userId: UserId | undefined;
  /** Resolves when everything received so far is answered. */
  settled(): Promise<void>;
}
