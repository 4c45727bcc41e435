/** The sockets of a load: real WebSockets that speak the protocol, with as little work of their own as possible. */
import { WebSocket } from 'ws';
import type { ClientFrame, Frame } from '../../../src/protocol/frames.ts';
import type { WireEntry, WireResult } from '../../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

type Changes = Frame<'changes'>;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class LoadSocket {
  /** The reason of a failure; absent while the socket works. */
  failure: string | undefined;
  /** The number of times that the server asked this socket to come back later. */
  busy = 0;
  private socket: WebSocket | undefined;
  private lastId = 0;
  private isOpen = false;
  private isClosed = false;
  private turn: Promise<unknown> = Promise.resolve();
  private answered: ((answer: Frame<'answer'> | number) => void) | undefined;
  private welcomed: (() => void) | undefined;
  private caughtUp: (() => void) | undefined;

  /** @param heard gets every frame of the feed. Without it the socket parses none. */
  constructor(
    private readonly port: number,
    readonly userId: string,
    private readonly heard?: (frame: Changes) => void,
  ) {}

  /** Signs in, and pulls everything if `live`; then the server sends every later change. A refused socket tries again, as a client does. */
  async open(live: boolean): Promise<void> {
    for (;;) {
      await this.tryOpen(live);
      if (this.isOpen || this.failure || this.isClosed) return;
      this.busy++;
      await sleep(500 + Math.random() * 1000);
    }
  }

  private async tryOpen(live: boolean): Promise<void> {
    const { userId } = this;
    const socket = (this.socket = new WebSocket(`ws://127.0.0.1:${this.port}/receipts`, { perMessageDeflate: false }));
    socket.on('message', (data) => this.receive((data as Buffer).toString()));
    socket.on('error', () => undefined); // a close event follows
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.once('close', (code) => this.ended(socket, code));
    await Promise.race([new Promise<void>((resolve) => socket.once('open', () => resolve())), closed]);
    const welcome = new Promise<void>((resolve) => (this.welcomed = resolve));
    const inSync = new Promise<void>((resolve) => (this.caughtUp = resolve));
    this.send({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: `d-${userId}` });
    if (live) this.send({ type: 'pull', cursor: null });
    await Promise.race([live ? inSync : welcome, closed]);
    this.isOpen = this.socket === socket && socket.readyState === WebSocket.OPEN;
  }

  /** Sends the entries in one frame, after the answer to the frame before, and again as long as the server is busy. */
  submit(entries: readonly WireEntry[]): Promise<readonly WireResult[]> {
    const mine = this.turn.then(() => this.sendAll(entries));
    this.turn = mine;
    return mine;
  }

  ping(): void {
    this.send({ type: 'ping' });
  }

  close(): void {
    this.isClosed = true;
    this.socket?.terminate();
  }

  private async sendAll(entries: readonly WireEntry[]): Promise<readonly WireResult[]> {
    const results = new Map<string, WireResult>();
    let left = entries;
    while (left.length > 0 && this.failure === undefined) {
      const answer = await new Promise<Frame<'answer'> | number>((resolve) => {
        this.answered = resolve;
        this.send({ type: 'submit', id: ++this.lastId, entries: [...left] });
      });
      let pauseMs = typeof answer === 'number' ? answer : 0;
      if (typeof answer !== 'number')
        for (const result of answer.results)
          if (result.outcome === 'retry') pauseMs = Math.max(pauseMs, result.retryAfterMs);
          else results.set(result.key, result);
      left = left.filter(({ key }) => !results.has(key));
      if (left.length === 0) break;
      this.busy++;
      await sleep(pauseMs);
    }
    return entries.flatMap(({ key }) => results.get(key) ?? []);
  }

  private send(frame: ClientFrame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private receive(text: string): void {
    if (text.startsWith('{"type":"answer"')) this.answered?.(JSON.parse(text) as Frame<'answer'>);
    else if (text.startsWith('{"type":"changes"')) {
      this.heard?.(JSON.parse(text) as Changes);
      if (text.includes('"complete":true')) this.caughtUp?.();
    } else if (text.startsWith('{"type":"welcome"')) this.welcomed?.();
    else if (text.startsWith('{"type":"error"')) {
      const { code, message, retryAfterMs = 500 } = JSON.parse(text) as Frame<'error'>;
      if (code === 'server/busy') this.answered?.(retryAfterMs);
      else this.fail(`${code}: ${message}`);
    }
  }

  /** A socket that worked must not close: no scenario with such sockets ends a server. */
  private ended(socket: WebSocket, code: number): void {
    if (socket === this.socket && this.isOpen && !this.isClosed) this.fail(`closed with ${code}`);
  }

  private fail(why: string): void {
    this.failure ??= why;
    this.answered?.(0);
  }
}

/** Opens the sockets, `atOnce` at a time. */
export const openAll = async (
  sockets: readonly LoadSocket[],
  live: boolean,
  { atOnce = 100, opened = () => undefined }: { readonly atOnce?: number; readonly opened?: (socket: LoadSocket) => void } = {},
): Promise<void> => {
  const next = sockets[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const socket of next) {
      await socket.open(live);
      opened(socket);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

export const closeAll = (sockets: readonly LoadSocket[]): void => {
  for (const socket of sockets) socket.close();
};

/** The failures of sockets, each reason once, with the number of its sockets. */
export const failuresOf = (sockets: readonly LoadSocket[]): string[] => {
  const counts = new Map<string, number>();
  for (const { failure } of sockets) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].map(([failure, count]) => `${count} sockets: ${failure}`);
};
