/** The interfaces between a connection and its transport. */
import type { UserId } from '../model/ids.ts';
import type { NewsHint } from './bus/bus.ts';

/** The socket, as seen by a connection. */
export interface Socket {
  /** Sends a frame as text. */
  send(text: string): void;
  /** Closes the socket. The connection sends nothing afterwards. */
  close(code: number, reason: string): void;
  /** Bytes sent and not yet taken by the other side. */
  readonly buffered: number;
}

/** One connection of a client, as seen by its transport. */
export interface Connection {
  /** Takes a frame of the client, as text. */
  receive(text: string): void;
  /** Takes a frame without readable text. */
  receiveUnreadable(why: string): void;
  /** Called when the socket has closed. */
  closed(): void;
  /**
   * Tells the connection of changes for its user; the connection then reads its news. For `receipts` it reads
   * at most a few times a second, and for changes that it has `told` its client, within five seconds. Default: `changes`.
   */
  wake(kind?: NewsHint['kind'], told?: string): void;
  /** Sends welcome again, because the policy changed. */
  tellPolicy(): void;
  /** Ends the connection with a close code. */
  end(code: number, reason: string): void;
  /** The user of the connection; undefined before its token is checked. */
  readonly userId: UserId | undefined;
  /** Resolves when all frames received so far are answered. */
  settled(): Promise<void>;
}
