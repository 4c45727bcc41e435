/** The sockets of a load: real WebSockets that speak the protocol, with as little work of their own as possible. */
import { WebSocket } from 'ws';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';

const OPENING_AT_ONCE = 100;

export class LoadSocket {
  /** The reason of a failure; absent while the socket works. */
  failure: string | undefined;
  private socket: WebSocket | undefined;
  private waiting: ((text: string) => void) | undefined;
  private wanted = '';

  constructor(
    private readonly port: number,
    readonly userId: string,
  ) {}

  /** Signs in. A `live` socket pulls, so the server sends the socket every later change. */
  async open(live: boolean): Promise<void> {
    const { userId } = this;
    const socket = (this.socket = new WebSocket(`ws://127.0.0.1:${this.port}/receipts`, { perMessageDeflate: false }));
    socket.on('message', (data) => this.heard(String(data)));
    socket.on('error', (error) => this.fail(error.message));
    socket.on('close', (code) => this.fail(`closed with ${code}`));
    await new Promise<void>((resolve) => socket.once('open', resolve).once('close', () => resolve()));
    await this.ask({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: `d-${userId}` }, '{"type":"welcome"');
    if (live) await this.ask({ type: 'pull', cursor: null }, '"complete":true');
  }

  /** Sends a frame and waits for a frame with the text. */
  async ask(frame: object, answer: string): Promise<string> {
    if (this.failure) return '';
    return new Promise<string>((resolve) => {
      this.wanted = answer;
      this.waiting = resolve;
      this.socket?.send(JSON.stringify(frame));
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket?.removeAllListeners('close');
    this.socket?.terminate();
  }

  private heard(text: string): void {
    if (text.startsWith('{"type":"error"')) this.fail(text);
    else if (text.includes(this.wanted)) this.settle(text);
  }

  private fail(why: string): void {
    this.failure ??= why;
    this.settle('');
  }

  private settle(text: string): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.(text);
  }
}

/** Opens a socket for each user, a hundred at a time. */
export const openAll = async (
  port: number,
  userIds: readonly string[],
  live: boolean,
  opened: () => void = () => undefined,
): Promise<readonly LoadSocket[]> => {
  const sockets = userIds.map((userId) => new LoadSocket(port, userId));
  const next = sockets[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const socket of next) {
      await socket.open(live);
      opened();
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
  return sockets;
};
