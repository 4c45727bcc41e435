/** What goes out on one connection: frames in their order, and no more at a time than its reader takes. */
import type { ClockPort } from '../../ports/ports.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import type { Socket } from '../socket.ts';

/** Above this a reader is slow: nothing more is read for it until it has taken what it was given. */
const HIGH_WATER_BYTES = 256 * 1024;
/** A reader that takes nothing for this long is closed. */
const STALLED_AFTER_MS = 10_000;
const DRAIN_POLL_MS = 50;
const MAX_BAD_FRAMES = 20;

type Code = Frame<'error'>['code'];

export class Outgoing {
  open = true;
  /** Characters sent so far. */
  sent = 0;
  /** Told how many characters an answer has, while one is given that its user is charged for. */
  charge: ((chars: number) => void) | undefined;
  private badFrames = 0;

  constructor(
    private readonly clock: ClockPort,
    private readonly socket: Socket,
    /** The connection is over, from whichever side. */
    private readonly ended: () => void,
  ) {}

  send(frame: ServerFrame): void {
    if (!this.open) return;
    const text = encodeFrame(frame);
    this.sent += text.length;
    this.charge?.(text.length);
    this.socket.send(text);
  }

  /** One frame was not taken; the connection lives. */
  refuse(code: Code, message: string, id?: number, retryAfterMs?: number): void {
    this.send({
      type: 'error',
      code,
      message,
      ...(id === undefined ? {} : { id }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** One frame was malformed; too many of those, and the connection ends. */
  bad(message: string, id?: number): void {
    this.refuse('protocol/bad-frame', message, id);
    if (++this.badFrames > MAX_BAD_FRAMES) this.end(1008, 'too many bad frames');
  }

  fail(code: Code, message: string, close: number): void {
    this.refuse(code, message);
    this.end(close, code);
  }

  /** Not now: the same again a second later, or after the time given. */
  failBusy(message: string, retryAfterMs = 1000): void {
    this.refuse('server/busy', message, undefined, retryAfterMs);
    this.end(CLOSE.tryLater, message);
  }

  end(code: number, reason: string): void {
    if (!this.open) return;
    this.closed();
    this.socket.close(code, reason);
  }

  /** The socket is gone. */
  closed(): void {
    if (!this.open) return;
    this.open = false;
    this.ended();
  }

  /** The reader has not taken what it was given: what else there is for it is not kept ready. */
  get isFull(): boolean {
    return this.socket.buffered > HIGH_WATER_BYTES;
  }

  /** Waits while the reader is slow; what changes meanwhile is told in one step when it is back (F109). */
  async drained(): Promise<void> {
    let before = this.socket.buffered;
    let since = this.clock.mono();
    while (this.open && this.isFull) {
      await new Promise<void>((resolve) => this.clock.timer(DRAIN_POLL_MS, resolve));
      if (this.socket.buffered < before) since = this.clock.mono();
      else if (this.clock.mono() - since > STALLED_AFTER_MS) this.end(CLOSE.tooSlow, 'not reading');
      before = this.socket.buffered;
    }
  }
}
