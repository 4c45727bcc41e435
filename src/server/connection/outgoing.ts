/** Sends frames on one connection, in order, at the speed of the reader. */
import type { ClockPort } from '../../ports/ports.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import type { Socket } from '../socket.ts';

/**
 * The number of unsent bytes above which a reader is slow. The server reads nothing more for a slow reader.
 */
export const HIGH_WATER_BYTES = 256 * 1024;
/** A connection ends if its reader takes nothing for this long. */
const STALLED_AFTER_MS = 10_000;
const DRAIN_POLL_MS = 50;
const MAX_BAD_FRAMES = 20;

type Code = Frame<'error'>['code'];

export class Outgoing {
  open = true;
  /** Characters sent so far. */
  sent = 0;
  /** Called with the length of each frame, while an answer is charged to its user. */
  charge: ((chars: number) => void) | undefined;
  private badFrames = 0;

  constructor(
    private readonly clock: ClockPort,
    private readonly metrics: ServerMetrics,
    private readonly socket: Socket,
    /** Called once when the connection ends: with the server's close code, or without one if the other side ended it. */
    private readonly ended: (code?: number) => void,
    /** The size of a full answer to one HTTP request, in characters. */
    private readonly answerChars = Infinity,
  ) {}

  send(frame: ServerFrame): void {
    if (!this.open) return;
    const text = encodeFrame(frame);
    this.sent += text.length;
    this.metrics.add('tidemark_frames_sent_total', 1, { type: frame.type });
    this.charge?.(text.length);
    this.socket.send(text);
  }

  /** Refuses one frame. The connection stays open. */
  refuse(code: Code, message: string, id?: number, retryAfterMs?: number): void {
    this.metrics.add('tidemark_refusals_total', 1, { code });
    this.send({
      type: 'error',
      code,
      message,
      ...(id === undefined ? {} : { id }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Refuses a malformed frame. After too many malformed frames the connection ends. */
  bad(message: string, id?: number): void {
    this.refuse('protocol/bad-frame', message, id);
    if (++this.badFrames > MAX_BAD_FRAMES) this.end(1008, 'too many bad frames');
  }

  fail(code: Code, message: string, close: number): void {
    this.refuse(code, message);
    this.end(close, code);
  }

  /** Ends the connection with `server/busy`. The client comes back after the retry delay. */
  failBusy(message: string, retryAfterMs = 1000): void {
    this.refuse('server/busy', message, undefined, retryAfterMs);
    this.end(CLOSE.tryLater, message);
  }

  end(code: number, reason: string): void {
    if (!this.open) return;
    this.closed(code);
    this.socket.close(code, reason);
  }

  /** Called when the socket has closed, or without a code when the other side has closed it. */
  closed(code?: number): void {
    if (!this.open) return;
    this.open = false;
    this.ended(code);
  }

  /** Whether the reader is slow. The server prepares no further frames for a slow reader. */
  get isFull(): boolean {
    return this.socket.buffered > HIGH_WATER_BYTES;
  }

  /** Whether the answer to one HTTP request is full: the client asks for the rest in another request. */
  get isAnswerFull(): boolean {
    return this.sent > this.answerChars;
  }

  /** Waits while the reader is slow. Changes during the wait are sent in one step afterwards (F109). */
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
