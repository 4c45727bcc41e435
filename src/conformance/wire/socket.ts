/** A WebSocket to the server under test: raw frames out, checked frames in. */
import { WebSocket } from 'ws';
import { demand, Mismatch, shown } from '../demand.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import type { Ledger } from '../ledger.ts';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface SocketOptions {
  readonly ledger: Ledger;
  readonly patienceMs: number;
  /** The user that the frames are for, for the ledger. */
  readonly userId: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server answered an upgrade with a status. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
  constructor(readonly status: number) {
    super(`the server answered the upgrade with status ${status}`);
  }
}

export class WireSocket {
  /** The frames that no check has taken yet. */
  readonly frames: ServerFrame[] = [];
  closed: Closed | undefined;
  /** Called for each frame on arrival. */
  onFrame: (frame: ServerFrame) => void = () => undefined;
  private unreadable = 0;
  private readonly waiting = new Set<() => void>();

  private constructor(
    readonly socket: WebSocket,
    private readonly options: SocketOptions,
  ) {
    const woken = (): void => {
      for (const wake of this.waiting) wake();
    };
    socket.on('message', (data) => {
      const frame = options.ledger.read(options.userId, (data as Buffer).toString('utf8'));
      if (frame) {
        this.frames.push(frame);
        this.onFrame(frame);
      } else this.unreadable++;
      woken();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
      woken();
    });
    socket.on('error', () => undefined);
  }

  /** @throws {UpgradeRefused} @throws {Error} if no server can be reached. */
  static open(url: string, options: SocketOptions): Promise<WireSocket> {
    const socket = new WebSocket(url, { ...(options.headers ? { headers: options.headers } : {}), handshakeTimeout: options.patienceMs });
    const wire = new WireSocket(socket, options);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(wire));
      socket.once('error', reject);
      socket.once('unexpected-response', (request, response) => {
        reject(new UpgradeRefused(response.statusCode ?? 0));
        request.destroy();
      });
    });
  }

  get patienceMs(): number {
    return this.options.patienceMs;
  }

  /** Sends a frame, or any text in its place. */
  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Waits until `find` finds something. @throws {Mismatch} after the patience, or when the connection has closed */
  async until<T>(find: () => T | undefined, expected: string, patienceMs = this.options.patienceMs): Promise<T> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (this.closed || left <= 0) throw new Mismatch(expected, this.state(patienceMs));
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.waiting.add(wake);
      });
    }
  }

  /** The next frame of a type, or an error in its place. */
  async next<T extends ServerFrame['type']>(type: T, about = `a frame ${type}`): Promise<Frame<T>> {
    const frame = await this.until(() => this.take((one) => one.type === type || one.type === 'error'), about);
    demand(frame.type === type, about, frame);
    return frame as Frame<T>;
  }

  /** Takes the first waiting frame that fits. */
  take(fits: (frame: ServerFrame) => boolean): ServerFrame | undefined {
    const at = this.frames.findIndex(fits);
    return at < 0 ? undefined : this.frames.splice(at, 1)[0];
  }

  /** Waits for an error of this code. @param id the request that it must name */
  async error(code: Frame<'error'>['code'], id?: number): Promise<void> {
    const expected = `an error ${code}${id === undefined ? '' : ` with id ${id}`}`;
    // The server may send welcome again at any time, when its policy changes.
    const frame = await this.until(() => this.take(({ type }) => type !== 'welcome'), expected);
    demand(frame.type === 'error' && frame.code === code && (id === undefined || frame.id === id), expected, frame);
  }

  /** Waits for the close. */
  async end(patienceMs?: number): Promise<Closed> {
    const before = this.closed;
    if (before) return before;
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Mismatch('a close of the connection', this.state(patienceMs ?? this.options.patienceMs))),
        patienceMs ?? this.options.patienceMs,
      );
      socket.once('close', (code, reason) => {
        clearTimeout(timer);
        resolve({ code, reason: reason.toString('utf8') });
      });
    });
  }

  /** Waits for the close with this code. */
  async closesWith(code: number, patienceMs?: number): Promise<void> {
    const closed = await this.end(patienceMs);
    demand(closed.code === code, `a close with ${code}`, `a close with ${closed.code} ${closed.reason}`);
  }

  /** @throws {Mismatch} if the server does not answer a ping: the connection must have stayed open. */
  async stillOpen(): Promise<void> {
    this.send({ type: 'ping' });
    await this.next('pong', 'an open connection, which answers a ping with pong');
  }

  /** Ends at once, as a device does that loses its network. */
  cut(): void {
    this.socket.terminate();
  }

  private state(patienceMs: number): string {
    const { closed, frames, unreadable } = this;
    const what = frames.length > 0 ? `the frames ${shown(frames)}` : 'no frame';
    const more = unreadable > 0 ? `, and ${unreadable} malformed (see always.shape)` : '';
    return closed ? `${what}${more}, then a close with ${closed.code} ${closed.reason}` : `${what}${more} within ${patienceMs / 1000} s`;
  }
}
