/** Whether the other side is still there: asked after silence, or when something suggests to. A silent socket is never waited for (F46). */
import type { Cancel, ClockPort } from '../../../ports/ports.ts';

/** After a ping, before the other side is taken for gone: with the heartbeat, half-open is noticed within 35 s (F46). */
const PONG_TIMEOUT_MS = 8_000;
/** A probe after a thaw or an `online` is answered sooner, or the socket is dead. */
const PROBE_TIMEOUT_MS = 4_000;
/** Of heartbeats without a frame of its own, a client pings although it hears much: a server ends a connection that says nothing. */
const UNSAID_HEARTBEATS = 2;

export interface HeartbeatHandlers {
  /** Silence of this length is followed by a ping. */
  readonly heartbeatMs: () => number;
  /** Looks whether there is still somebody to speak for; then, if so, it is pinged. Never rejects. */
  readonly look: () => Promise<void>;
  readonly ping: () => void;
  /** How long to wait for the answer, of which this much is the least. */
  readonly timeoutMs: (baseMs: number) => number;
  /** The answer, or anything else, came after so long. */
  readonly answered: (ms: number) => void;
  /** Asked, and not answered in time. */
  readonly silent: () => void;
}

export class Heartbeat {
  private isOn = false;
  /** Of the connection: what was begun on another goes nowhere. */
  private turn = 0;
  private heardAt = 0;
  private saidAt = 0;
  private pingedAt: number | null = null;
  private timeouts = PONG_TIMEOUT_MS;
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly clock: ClockPort,
    private readonly handlers: HeartbeatHandlers,
  ) {}

  start(): void {
    this.isOn = true;
    this.turn++;
    this.pingedAt = null;
    this.timeouts = PONG_TIMEOUT_MS;
    this.listen();
  }

  stop(): void {
    this.isOn = false;
    this.turn++;
    this.cancel();
  }

  /** Something came, whatever it is. */
  heard(): void {
    this.heardAt = this.clock.mono();
    if (this.pingedAt !== null) this.handlers.answered(this.heardAt - this.pingedAt);
    this.pingedAt = null;
    this.timeouts = PONG_TIMEOUT_MS;
    if (this.isOn) this.listen();
  }

  /** A frame went out, whatever it is. */
  said(): void {
    this.saidAt = this.clock.mono();
  }

  /** Asks at once, with a short patience. */
  probe(): void {
    this.timeouts = PROBE_TIMEOUT_MS;
    this.ping();
  }

  /** A tab that stood still may be the last to hear that the account was logged out: it looks before it speaks. */
  private ping(): void {
    const { turn } = this;
    void this.handlers.look().then(() => {
      if (turn !== this.turn) return;
      this.pingedAt ??= this.clock.mono();
      this.handlers.ping();
      this.listen();
    });
  }

  /** Wakes when something is due: a ping after silence, the end of patience after a ping. Deadlines are looked at afresh (F39). */
  private listen(): void {
    const { clock, handlers } = this;
    const heartbeatMs = handlers.heartbeatMs();
    const quiet = Math.min(this.heardAt + heartbeatMs, this.saidAt + UNSAID_HEARTBEATS * heartbeatMs);
    const due = this.pingedAt === null ? quiet : this.pingedAt + handlers.timeoutMs(this.timeouts);
    this.cancel();
    this.cancel = clock.timer(Math.max(1, due - clock.mono()), () => {
      if (clock.mono() < due) return this.listen();
      if (this.pingedAt === null) return this.ping();
      handlers.silent();
    });
  }
}
