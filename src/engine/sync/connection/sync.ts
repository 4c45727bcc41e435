/**
 * The sync lane: one leader per account speaks to the server. Here the connection's state machine runs: when to try, on which token, how
 * long to wait. What is said is the {@link Session}'s; nothing goes from it to a view but through the store.
 */
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { type ErrorCode, ReceiptsError, StoreError, TransportError } from '../../../errors.ts';
import type { ConnectionStatus } from '../../../model/status.ts';
import type { Account, Cancel, Link, Ports } from '../../../ports/ports.ts';
import { BACKOFF_CAP_MS, backoffMs, RESTART_SPREAD_MS, UNREACHABLE_CAP_MS } from '../../../model/backoff.ts';
import type { TokenSource } from '../../net/token-source.ts';
import { FencedError } from '../../write/log-header.ts';
import type { Writer } from '../../write/writer.ts';
import { type Effect, type Event, type State, transition } from './connection-states.ts';
import { Session } from './session.ts';
import { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { type TransportHandlers, FallbackTransport } from './transport-fallback.ts';
import { type DisconnectReason, verdictOnClose } from './disconnect-reason.ts';

/** Opening and greeting together may take this long. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Connected for this long, the network counts as good again (F57). */
const STABLE_MS = 30_000;

/** Failures of the network, unless the server itself gave the reason. */
const OF_NETWORK: ReadonlySet<ErrorCode> = new Set(['transport/unreachable', 'transport/timeout', 'transport/closed']);

type SyncStatus = Pick<ConnectionStatus, 'state' | 'retryAt' | 'error'>;

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
  private inCrowd = false;
  /** The network failed, and no server refused anything. */
  private isUnreached = false;
  private link: Link | null = null;
  private fence = -1;
  /** Of the wait that is on, or was last. */
  private retryAt: number | null = null;
  private readonly timers = new Map<'retry' | 'connect' | 'stable', Cancel>();
  private readonly status = new BehaviorSubject<SyncStatus>({ state: 'offline', retryAt: null, error: null });
  private readonly session: Session;
  private readonly roads: FallbackTransport;
  private readonly timeouts = new AdaptiveTimeout();

  constructor(
    private readonly ports: Ports,
    private readonly account: Account,
    writer: Writer,
    tokens: TokenSource,
  ) {
    this.roads = new FallbackTransport(ports);
    this.session = new Session(ports, account, writer, tokens, {
      timeouts: this.timeouts,
      send: (frame) => this.link?.send(frame),
      fence: () => this.fence,
      isLive: () => this.state === 'live',
      named: () => {
        this.disarm('connect');
        this.timeouts.ended('connect', false);
        this.handle('welcome');
      },
      caughtUp: () => this.handle('caught-up'),
      ended: (verdict) => this.end(verdict),
      failed: (error) => this.failed(error),
    });
  }

  /** Another leader has taken a higher number. */
  readonly deposed$ = new Subject<void>();

  get status$(): Observable<SyncStatus> {
    return this.status;
  }

  get inFlight$(): Observable<number> {
    return this.session.inFlight$;
  }

  /** This tab leads, under this number, and the account may speak. */
  start(fence: number): void {
    this.fence = fence;
    this.handle('start');
  }

  /** Paused, closed, or another tab leads. Nothing is sent from here on. */
  stop(): void {
    this.handle('stop');
  }

  /** Something suggests that trying now is worth it. */
  nudge(): void {
    this.handle('nudge');
  }

  private handle(event: Event, error: ReceiptsError | null = null, isServersWord = false): void {
    const before = this.state;
    const { to, effects } = transition(before, event);
    this.state = to;
    if (error) this.isUnreached = OF_NETWORK.has(error.code) && !isServersWord;
    if (to !== before && (to === 'waiting' || to === 'stopped' || to === 'idle' || to === 'token')) this.leave();
    for (const effect of effects) this.run(effect);
    if (to === before && !error) return;
    const shown = to === 'live' || to === 'idle' ? null : (error ?? this.status.value.error);
    this.status.next({
      state: SHOWN[to],
      retryAt: to === 'waiting' ? this.retryAt : null,
      error: shown ? { code: shown.code, message: shown.message } : null,
    });
  }

  private run(effect: Effect): void {
    const { session } = this;
    switch (effect) {
      case 'ask-token':
        return session.token.ask(
          () => this.handle('token-ready'),
          (error) => this.handle('token-failed', error),
        );
      case 'open':
        return this.open();
      case 'greet':
        return session.greet();
      case 'submit-and-fetch':
        session.submitAndFetch();
        if (this.state === 'live') this.arm('stable', STABLE_MS, () => this.handle('stable'));
        return;
      case 'begin-again':
        return session.beginAgain();
      case 'probe':
        return session.probe();
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
      case 'arm-retry': {
        const { clock, random } = this.ports;
        const ms = backoffMs(this.failures - 1, random.next(), session.takeRetryAfterMs(), {
          spreadMs: this.inCrowd ? RESTART_SPREAD_MS : 0,
          capMs: this.isUnreached ? UNREACHABLE_CAP_MS : BACKOFF_CAP_MS,
        });
        this.inCrowd = false;
        this.retryAt = clock.wall() + ms;
        return this.arm('retry', ms, () => this.handle('retry-due'));
      }
      case 'disarm-retry':
        return this.disarm('retry');
    }
  }

  private arm(name: 'retry' | 'connect' | 'stable', ms: number, fn: () => void): void {
    this.disarm(name);
    this.timers.set(name, this.ports.clock.timer(ms, fn));
  }

  private disarm(name: 'retry' | 'connect' | 'stable'): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }

  private leave(): void {
    this.disarm('connect');
    this.disarm('stable');
    this.session.stop();
  }

  private open(): void {
    const timeoutMs = this.timeouts.growing('connect', CONNECT_TIMEOUT_MS);
    this.arm('connect', timeoutMs, () => {
      this.timeouts.ended('connect', true);
      this.handle('lost', new TransportError('transport/timeout', 'the server did not answer in time'));
    });
    const handlers: TransportHandlers = {
      opened: () => this.handle('opened'),
      frame: (frame) => this.session.receive(frame),
      malformed: (error) => {
        this.ports.log('a frame was not understood', error);
        this.handle('lost', error);
      },
      closed: (code, reason) => this.end(verdictOnClose(this.account, code, reason, this.state !== 'opening')),
      moved: () => this.handle('moved'),
    };
    this.link = this.roads.open(handlers, timeoutMs);
  }

  private end({ next, error, isServersWord = false, inCrowd = false, retryAfterMs = 0 }: DisconnectReason): void {
    const { token } = this.session;
    this.inCrowd = inCrowd;
    this.session.askedToWait(retryAfterMs);
    if (next === 'again') return this.handle('lost', error, isServersWord);
    if (next === 'another-token') return this.handle(token.refused() ? 'token-refused' : 'lost', error, isServersWord);
    if (error.code === 'auth/wrong-user') token.forget();
    this.handle('refused', error);
  }

  /** The store said no. A deposed leader falls silent; anything else is tried again on a new connection. */
  private failed(error: unknown): void {
    if (error instanceof FencedError) {
      this.stop();
      this.deposed$.next();
      return;
    }
    this.ports.log('sync could not store', error);
    // Newer code is at home here now: what this one could do, it must not.
    if (error instanceof StoreError && error.code === 'store/version-ahead') return this.handle('refused', error);
    this.handle('lost', error instanceof ReceiptsError ? error : new TransportError('transport/closed', String(error)));
  }
}
