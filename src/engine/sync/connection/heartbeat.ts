/**
 * Checks the server's answers. The client pings the server after a time without frames, or when the caller asks for a
 * probe. Only a missing answer shows a dead connection, because the browser may never report the death (F46).
 */
import type { Cancel, ClockPort } from '../../../ports/ports.ts';

/** Shortest timeout of an answer to a ping. With the heartbeat, a dead connection is detected within 35 s (F46). */
const PONG_TIMEOUT_MS = 8_000;
/** Shortest timeout of a probe, after the browser resumed the page or went online. */
const PROBE_TIMEOUT_MS = 4_000;
/**
 * The number of heartbeats without an own frame after which the client pings, even while frames arrive: a server closes
 * a silent connection.
 */
const UNSAID_HEARTBEATS = 2;

export interface HeartbeatHandlers {
  /** The client pings after this time without a frame. */
  readonly heartbeatMs: () => number;
  /** Reads from the store whether the account is still logged in, before a ping. Never rejects. */
  readonly refresh: () => Promise<void>;
  readonly ping: () => void;
  /** Timeout of the answer, at least `baseMs`. */
  readonly timeoutMs: (baseMs: number) => number;
  /** A frame of the server came this long after the ping. */
  readonly answered: (ms: number) => void;
  /** The server did not answer in time. */
  readonly silent: () => void;
}

export class Heartbeat {
  private isOn = false;
  /** Number of the connection: a ping that was begun on an earlier connection is not sent. */
  private connectionNumber = 0;
  private heardAt = 0;
  private saidAt = 0;
  private pingedAt: number | null = null;
  private answerTimeoutMs = PONG_TIMEOUT_MS;
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly clock: ClockPort,
    private readonly handlers: HeartbeatHandlers,
  ) {}

  start(): void {
    this.isOn = true;
    this.connectionNumber++;
    this.answerTimeoutMs = PONG_TIMEOUT_MS;
    this.listen();
  }

  stop(): void {
    this.isOn = false;
    this.connectionNumber++;
    // The first frame of the next connection does not answer this ping: its time would make the timeouts long.
    this.pingedAt = null;
    this.cancel();
  }

  /** The server sent a frame of any type. */
  heard(): void {
    this.heardAt = this.clock.mono();
    if (this.pingedAt !== null) this.handlers.answered(this.heardAt - this.pingedAt);
    this.pingedAt = null;
    this.answerTimeoutMs = PONG_TIMEOUT_MS;
    if (this.isOn) this.listen();
  }

  /** The client sent a frame of any type. */
  said(): void {
    this.saidAt = this.clock.mono();
  }

  /** Pings at once, with a short timeout. */
  probe(): void {
    this.answerTimeoutMs = PROBE_TIMEOUT_MS;
    this.ping();
  }

  /** The tab reads the store first: while the browser suspended the page, another tab may have logged the account out. */
  private ping(): void {
    const { connectionNumber } = this;
    void this.handlers.refresh().then(() => {
      if (connectionNumber !== this.connectionNumber) return;
      // One ping is enough until the server answers, or does not in time.
      if (this.pingedAt === null) {
        this.pingedAt = this.clock.mono();
        this.handlers.ping();
      }
      this.listen();
    });
  }

  /** Sets the timer to the next ping, or to the timeout of the last one. The timer checks the clock, because the browser may delay timers (F39). */
  private listen(): void {
    const { clock, handlers } = this;
    const heartbeatMs = handlers.heartbeatMs();
    const quiet = Math.min(this.heardAt + heartbeatMs, this.saidAt + UNSAID_HEARTBEATS * heartbeatMs);
    const due = this.pingedAt === null ? quiet : this.pingedAt + handlers.timeoutMs(this.answerTimeoutMs);
    this.cancel();
    this.cancel = clock.timer(Math.max(1, due - clock.mono()), () => {
      if (clock.mono() < due) return this.listen();
      if (this.pingedAt === null) return this.ping();
      handlers.silent();
    });
  }
}
