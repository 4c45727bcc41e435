/**
 * Keeps one connection of the leader tab to the server alive.
 *
 *      Leader ── start, stop, nudge ──▶ Sync ── runs the effects of ──▶ connection-states.ts
 *                                        │
 *                        frames ─────────┼───────── socket or HTTP
 *                           ▼            ▼
 *                        Session    FallbackTransport ◀──▶ server
 *                           │
 *                           ▼
 *                      Writer, store ──▶ views
 *
 * `connection-states.ts` decides when to connect, on which token, and when to give up. This file holds the socket and the timers. The
 * {@link Session} sends and reads the frames. Changes reach the views through the store only.
 */
import { ReceiptsError, StoreError, TransportError } from '../../../errors.ts';
import type { ConnectionStatus } from '../../../model/api/status.ts';
import type { Account, Cancel, LeaderStatus, Link, Ports } from '../../../ports/ports.ts';
import { backoffMs } from '../../../model/backoff.ts';
import { ObservableValue } from '../../../model/observable-value.ts';
import type { TokenSource } from '../../net/token-source.ts';
import type { UserAsks } from '../../net/user-asks.ts';
import { FencedError } from '../../write/log-header.ts';
import type { Writer } from '../../write/writer.ts';
import { type Effect, type Event, type Failure, retryLimits, type State, transition } from './connection-states.ts';
import { Session } from './session.ts';
import { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { type TransportHandlers, FallbackTransport } from './transport-fallback.ts';
import { type DisconnectReason, disconnectReasonOfClose } from './disconnect-reason.ts';
import { errorDetails } from '../../../logging.ts';

/** The timeout for opening the socket and the server's welcome together. It grows after each timeout. */
const CONNECT_TIMEOUT_MS = 10_000;
/** The shortest time between two attempts that nudges lead to: each Web Push nudges, and a chat may send a hundred a second. */
const NUDGE_GAP_MS = 1000;
/** The time after which a live connection is stable: its earlier failures are forgotten (F57). */
const STABLE_MS = 30_000;

const SHOWN: Record<State, ConnectionStatus['state']> = {
  idle: 'offline',
  waiting: 'offline',
  token: 'connecting',
  opening: 'connecting',
  greeting: 'connecting',
  'catching-up': 'catching-up',
  live: 'live',
  stopped: 'stopped',
};

export class Sync {
  private state: State = 'idle';
  private failures = 0;
  private link: Link | null = null;
  private fence = -1;
  /** The time of the next attempt, by the wall clock. Shown while the state is `waiting`. */
  private retryAt: number | null = null;
  /** The same time by the monotonic clock. */
  private retryDue = 0;
  /** No nudge leads to an attempt before this time. */
  private nudgesFrom = 0;
  private readonly timers = new Map<'retry' | 'connect' | 'stable', Cancel>();
  readonly status = new ObservableValue<LeaderStatus>({ state: 'offline', retryAt: null, error: null, inFlight: 0 });
  readonly session: Session;
  private readonly transport: FallbackTransport;
  private readonly timeouts = new AdaptiveTimeout();

  constructor(
    private readonly ports: Ports,
    private readonly account: Account,
    writer: Writer,
    tokens: TokenSource,
    asks: UserAsks,
  ) {
    this.transport = new FallbackTransport(ports);
    this.session = new Session(ports, account, writer, tokens, asks, {
      timeouts: this.timeouts,
      send: (frame) => this.link?.send(frame),
      fence: () => this.fence,
      isLive: () => this.state === 'live',
      inFlight: (inFlight) => (this.status.value = { ...this.status.value, inFlight }),
      named: () => {
        this.disarm('connect');
        this.timeouts.ended('connect', false);
        this.handle('welcome');
      },
      caughtUp: () => this.handle('caught-up'),
      ended: (reason) => this.end(reason),
      failed: (error) => this.failed(error),
    });
  }

  /** Called when the store refused this tab's fencing token: another tab has taken a higher one. */
  deposed: () => void = () => undefined;

  /** This tab leads under the fencing token, and the account is not paused. */
  start(fence: number): void {
    this.fence = fence;
    this.handle('start');
  }

  /** The account was paused, the client closed, or another tab leads. Sync sends nothing after this call. */
  stop(): void {
    this.handle('stop');
  }

  /** Tries now or soon: the network or the page came back, the app called `flush()`, or a push came. */
  nudge(): void {
    this.handle('nudge');
  }

  private handle(event: Event, failure: Failure | null = null): void {
    const before = this.state;
    const { to, effects } = transition(before, event);
    this.state = to;
    for (const effect of effects) this.run(effect, failure);
    if (to === before && !failure) return;
    const { state, error, inFlight } = this.status.value;
    const shown = to === 'live' || to === 'idle' ? null : (failure?.error ?? error);
    if (SHOWN[to] !== state) this.ports.log('info', 'connection-changed', { state: SHOWN[to], ...errorDetails(shown) });
    if (to === 'stopped' && before !== to) this.ports.log('warn', 'connection-stopped', errorDetails(shown));
    if (event === 'caught-up' && before !== to) this.ports.log('info', 'caught-up', { over: 'connection' });
    this.status.value = {
      state: SHOWN[to],
      retryAt: to === 'waiting' ? this.retryAt : null,
      error: shown ? { code: shown.code, message: shown.message } : null,
      inFlight,
    };
  }

  private run(effect: Effect, failure: Failure | null): void {
    const { session } = this;
    switch (effect) {
      case 'ask-token':
        return session.token.ask(
          () => this.handle('token-ready'),
          (error) => this.handle('token-failed', { error }),
        );
      case 'open':
        return this.open();
      case 'greet':
        return session.greet();
      case 'submit-and-fetch':
        return session.submitAndFetch();
      case 'begin-again':
        return session.beginAgain();
      case 'probe':
        return session.probe();
      case 'end-session':
        this.disarm('connect');
        this.disarm('stable');
        return session.stop();
      case 'abandon':
        this.link?.close();
        this.link = null;
        return;
      case 'count-failure':
        this.failures++;
        return;
      case 'forget-failures':
        this.failures = 0;
        return;
      case 'arm-retry':
        return this.armRetry(failure);
      case 'disarm-retry':
        return this.disarm('retry');
      case 'arm-stable':
        return this.arm('stable', STABLE_MS, () => this.handle('stable'));
    }
  }

  /** @param failure null: a nudge ends the wait. */
  private armRetry(failure: Failure | null): void {
    const { clock, random } = this.ports;
    const now = clock.mono();
    let due = Math.max(now, this.nudgesFrom);
    if (failure) {
      // The server may have asked for a wait by an error frame, before the connection ended for another reason.
      const retryAfterMs = Math.max(failure.retryAfterMs ?? 0, this.session.takeRetryAfterMs());
      this.nudgesFrom = Math.max(due, now + retryAfterMs);
      due = now + backoffMs(this.failures - 1, random.next(), retryAfterMs, retryLimits(failure));
    } else if (due < this.retryDue) this.nudgesFrom = due + NUDGE_GAP_MS;
    else return;
    this.retryDue = due;
    this.retryAt = clock.wall() + due - now;
    this.arm('retry', due - now, () => this.handle('retry-due'));
  }

  private arm(name: 'retry' | 'connect' | 'stable', ms: number, fn: () => void): void {
    this.disarm(name);
    this.timers.set(name, this.ports.clock.timer(ms, fn));
  }

  private disarm(name: 'retry' | 'connect' | 'stable'): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }

  private open(): void {
    const timeoutMs = this.timeouts.growing('connect', CONNECT_TIMEOUT_MS);
    this.arm('connect', timeoutMs, () => {
      this.timeouts.ended('connect', true);
      this.handle('lost', { error: new TransportError('transport/timeout', `the server did not answer within ${timeoutMs} ms`) });
    });
    const handlers: TransportHandlers = {
      opened: () => this.handle('opened'),
      frame: (frame) => this.session.receive(frame),
      malformed: (error) => {
        this.ports.log('warn', 'frame-not-understood', errorDetails(error));
        this.handle('lost', { error });
      },
      closed: (code, reason) => this.end(disconnectReasonOfClose(this.account, code, reason, this.state !== 'opening')),
      moved: () => this.handle('moved'),
    };
    this.link = this.transport.open(handlers, timeoutMs);
  }

  private end(reason: DisconnectReason): void {
    const { token } = this.session;
    const { next, error } = reason;
    if (next === 'again') return this.handle('lost', reason);
    if (next === 'another-token') return this.handle(token.refused() ? 'token-refused' : 'lost', reason);
    if (error.code === 'auth/wrong-user') token.forget();
    this.handle('refused', reason);
  }

  /** A write to the store failed. A deposed leader stops. After any other failure the client tries again on a new connection. */
  private failed(error: unknown): void {
    if (error instanceof FencedError) {
      this.stop();
      this.deposed();
      return;
    }
    this.ports.log('warn', 'sync-not-stored', errorDetails(error));
    // A newer release has written the store: this release must not write to it.
    if (error instanceof StoreError && error.code === 'store/version-ahead') return this.handle('refused', { error });
    this.handle('lost', { error: error instanceof ReceiptsError ? error : new TransportError('transport/closed', String(error)) });
  }
}
