/**
 * The sync lane: one leader per account speaks to the server. It runs the connection's state machine, sends what is owed, and stores
 * what comes; nothing goes from here to a view but through the store.
 */
import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { AuthError, type ErrorCode, ProtocolError, ReceiptsError, TransportError } from '../../errors.ts';
import type { ConnectionStatus } from '../../model/status.ts';
import type { Account, Cancel, Link, Ports } from '../../ports/ports.ts';
import { CLOSE, isFinalClose } from '../../protocol/close-codes.ts';
import type { Frame, Limits, ServerFrame } from '../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { backoffMs } from '../../transport/backoff.ts';
import type { TokenSource } from '../token-source.ts';
import { FencedError } from '../head.ts';
import type { Writer } from '../write.ts';
import { applyChanges, applySnapshot } from './apply-changes.ts';
import { type Effect, type Event, type State, transition } from './connection.ts';
import { Drain } from './drain.ts';
import { FetchMissing } from './fetch-missing.ts';

/** Opening and greeting together may take this long. */
const CONNECT_PATIENCE_MS = 10_000;
/** After a ping, before the other side is taken for gone: with the heartbeat, half-open is noticed within 35 s (F46). */
const PONG_PATIENCE_MS = 8_000;
/** A probe after a thaw or an `online` is answered sooner, or the socket is dead. */
const PROBE_PATIENCE_MS = 4_000;
/** Connected for this long, the network counts as good again (F57). */
const STABLE_MS = 30_000;
/** A token is renewed this long before it ends. */
const RENEW_BEFORE_MS = 60_000;

const DEFAULT_LIMITS: Limits = {
  entries: 500,
  frameBytes: 64 * 1024,
  fetchMessages: 2000,
  receiptIds: 100,
  members: 100,
  heartbeatMs: 25_000,
};

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
  private retryAfterMs = 0;
  private link: Link | null = null;
  /** Words of an older connection are dropped (F48). */
  private generation = 0;
  private token = '';
  /** Asked of the app for this very connection. */
  private tokenIsFresh = true;
  private limits = DEFAULT_LIMITS;
  private fence = -1;
  private lastId = 0;
  private gaps = 0;
  private snapshot: Frame<'changes'>[] | null = null;
  private heardAt = 0;
  private pingedAt: number | null = null;
  private patience = PONG_PATIENCE_MS;
  private readonly timers = new Map<'retry' | 'silence' | 'connect' | 'stable' | 'renew', Cancel>();
  private readonly status = new BehaviorSubject<SyncStatus>({ state: 'offline', retryAt: null, error: null });
  private readonly drain: Drain;
  private readonly missing: FetchMissing;
  private readonly inFlight = new BehaviorSubject(0);

  constructor(
    private readonly ports: Ports,
    private readonly account: Account,
    private readonly writer: Writer,
    private readonly tokens: TokenSource,
  ) {
    const shared = {
      nextId: () => ++this.lastId,
      limits: () => this.limits,
      fence: () => this.fence,
      failed: (error: unknown) => this.failed(error),
    };
    this.drain = new Drain(ports, writer, {
      ...shared,
      send: (frame) => this.link?.send(frame),
      silent: () => this.lost(new TransportError('transport/timeout', 'the server did not answer')),
      changed: () => this.inFlight.next(this.drain.inFlightCount),
    });
    this.missing = new FetchMissing(ports, writer, { ...shared, send: (frame) => this.link?.send(frame) });
    writer.onChange(({ conversations, outbox }) => {
      if (outbox) this.drain.look();
      if (conversations.size > 0) this.missing.touched(conversations);
    });
  }

  /** Another leader has taken a higher number. */
  readonly deposed$ = new Subject<void>();

  get status$(): Observable<SyncStatus> {
    return this.status;
  }

  get inFlight$(): Observable<number> {
    return this.inFlight;
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

  private handle(event: Event, error: ReceiptsError | null = null): void {
    const before = this.state;
    const { to, effects } = transition(before, event);
    this.state = to;
    if (to !== before && (to === 'waiting' || to === 'stopped' || to === 'idle' || to === 'token')) this.leave();
    for (const effect of effects) this.run(effect);
    if (to === before && !error) return;
    const shown = to === 'live' || to === 'idle' ? null : (error ?? this.lastError());
    this.status.next({
      state: SHOWN[to],
      retryAt: to === 'waiting' ? this.status.value.retryAt : null,
      error: shown ? { code: shown.code, message: shown.message } : null,
    });
  }

  private lastError(): Pick<ReceiptsError, 'code' | 'message'> | null {
    return this.status.value.error;
  }

  private run(effect: Effect): void {
    const { clock, random } = this.ports;
    switch (effect) {
      case 'ask-token':
        return this.askToken();
      case 'open':
        return this.open();
      case 'greet':
        return this.greet();
      case 'submit-and-fetch':
        this.drain.start();
        if (this.state === 'live') {
          this.missing.start();
          this.arm('stable', STABLE_MS, () => this.handle('stable'));
        }
        return;
      case 'probe':
        this.patience = PROBE_PATIENCE_MS;
        return this.ping();
      case 'abandon':
        this.generation++;
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
        const ms = backoffMs(this.failures - 1, random.next(), this.retryAfterMs);
        this.retryAfterMs = 0;
        this.status.next({ ...this.status.value, retryAt: clock.wall() + ms });
        return this.arm('retry', ms, () => this.handle('retry-due'));
      }
      case 'disarm-retry':
        return this.disarm('retry');
    }
  }

  private arm(name: 'retry' | 'silence' | 'connect' | 'stable' | 'renew', ms: number, fn: () => void): void {
    this.disarm(name);
    this.timers.set(name, this.ports.clock.timer(ms, fn));
  }

  private disarm(name: 'retry' | 'silence' | 'connect' | 'stable' | 'renew'): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }

  /** The connection is over: nothing of it goes on. */
  private leave(): void {
    this.gaps = 0;
    for (const name of ['silence', 'connect', 'stable', 'renew'] as const) this.disarm(name);
    this.drain.stop();
    this.missing.stop();
    this.snapshot = null;
    this.inFlight.next(0);
  }

  private lost(error: ReceiptsError): void {
    this.handle('lost', error);
  }

  private askToken(): void {
    const generation = ++this.generation;
    const { asked } = this.tokens;
    this.tokens.get().then(
      (token) => {
        if (generation !== this.generation) return;
        this.token = token;
        this.tokenIsFresh = this.tokens.asked > asked;
        this.handle('token-ready');
      },
      (error: unknown) => {
        if (generation !== this.generation) return;
        this.handle('token-failed', error instanceof ReceiptsError ? error : new AuthError('auth/unavailable', 'getToken failed'));
      },
    );
  }

  private open(): void {
    const generation = ++this.generation;
    const mine = <A extends unknown[]>(fn: (...args: A) => void) => {
      return (...args: A): void => {
        if (generation === this.generation) fn(...args);
      };
    };
    this.arm(
      'connect',
      CONNECT_PATIENCE_MS,
      mine(() => this.lost(new TransportError('transport/timeout', 'the server did not answer in time'))),
    );
    this.link = this.ports.net.connect({
      opened: mine(() => this.handle('opened')),
      frame: mine((frame) => this.receive(frame)),
      malformed: mine((error) => {
        this.ports.log('a frame was not understood', error);
        this.lost(error);
      }),
      closed: mine((code, reason) => this.closed(code, reason)),
    });
  }

  private closed(code: number, reason: string): void {
    if (isFinalClose(code))
      return this.handle(
        'refused',
        code === CLOSE.wrongUser
          ? this.wrongUser()
          : new ProtocolError('protocol/version-unsupported', 'server and client speak different versions: update one of them'),
      );
    if (code === CLOSE.unauthorized) return this.tokenRefused(new AuthError('auth/expired', 'the token is no longer taken'));
    this.lost(new TransportError(this.state === 'opening' ? 'transport/unreachable' : 'transport/closed', reason || `closed with ${code}`));
  }

  /** A token from before may simply have ended: the app is asked at once. A fresh one that is refused waits like any failure (I-21). */
  private tokenRefused(error: AuthError): void {
    this.tokens.forget();
    this.handle(this.tokenIsFresh ? 'lost' : 'token-refused', error);
  }

  private wrongUser(): AuthError {
    this.tokens.forget();
    return new AuthError('auth/wrong-user', `the token does not name ${this.account.userId}; nothing was sent`);
  }

  private greet(): void {
    const { userId, deviceId } = this.account;
    this.link?.send({ type: 'hello', version: PROTOCOL_VERSION, token: this.token, userId, deviceId });
    this.pull(this.writer.model.cursor);
  }

  private pull(cursor: string | null): void {
    // A snapshot comes in frames, and is taken as a whole.
    this.snapshot = cursor === null ? [] : null;
    this.link?.send({ type: 'pull', cursor });
  }

  private ping(): void {
    this.pingedAt ??= this.ports.clock.mono();
    this.link?.send({ type: 'ping' });
    this.listen();
  }

  /** Wakes when something is due: a ping after silence, the end of patience after a ping. Deadlines are looked at afresh (F39). */
  private listen(): void {
    const { clock } = this.ports;
    const due = this.pingedAt === null ? this.heardAt + this.limits.heartbeatMs : this.pingedAt + this.patience;
    this.arm('silence', Math.max(1, due - clock.mono()), () => {
      if (clock.mono() < due) return this.listen();
      if (this.pingedAt === null) return this.ping();
      this.lost(new TransportError('transport/timeout', 'the connection went silent'));
    });
  }

  private receive(frame: ServerFrame): void {
    this.heardAt = this.ports.clock.mono();
    this.pingedAt = null;
    this.patience = PONG_PATIENCE_MS;
    if (this.state === 'catching-up' || this.state === 'live') this.listen();
    switch (frame.type) {
      case 'welcome':
        return this.welcomed(frame);
      case 'changes':
        return this.changes(frame);
      case 'answer':
        return this.drain.answer(frame);
      case 'messages':
        return this.missing.answer(frame);
      // Receipts and members are asked for over the HTTP door.
      case 'pong':
      case 'receipts':
      case 'members':
        return;
      case 'error':
        return this.refusedFrame(frame);
    }
  }

  private welcomed(frame: Frame<'welcome'>): void {
    if (frame.userId !== this.account.userId) return this.handle('refused', this.wrongUser());
    this.disarm('connect');
    this.limits = frame.limits;
    this.listen();
    if (frame.expiresInMs !== null) this.arm('renew', Math.max(1000, frame.expiresInMs - RENEW_BEFORE_MS), () => this.renew());
    this.handle('welcome');
  }

  /** A fresh token on the same socket, before the old one ends (F76). */
  private renew(): void {
    const generation = this.generation;
    this.tokens.forget();
    this.tokens.get().then(
      (token) => {
        if (generation === this.generation) this.link?.send({ type: 'auth', token });
      },
      () => {
        if (generation === this.generation) this.arm('renew', 10_000, () => this.renew());
      },
    );
  }

  private changes(frame: Frame<'changes'>): void {
    const { ports, writer } = this;
    const generation = this.generation;
    const news = this.state === 'live' ? 'live' : 'catch-up';
    const durability = 'relaxed';
    if (this.snapshot) {
      if (this.snapshot.length === 0 && frame.from !== null) return;
      this.snapshot.push(frame);
      if (!frame.complete) return;
      const frames = this.snapshot;
      this.snapshot = null;
      writer
        .write('apply-snapshot', { durability, fence: this.fence }, (draft) => applySnapshot(draft, ports, frames))
        .then(
          () => this.caughtUp(generation),
          (error: unknown) => this.failed(error),
        );
      return;
    }
    const readsPages = frame.rows.length > 0 || frame.receipts !== undefined;
    writer
      .write('apply-changes', { durability, fence: this.fence, readsPages }, (draft) => applyChanges(draft, ports, frame, news))
      .then(
        (outcome) => {
          if (generation !== this.generation) return;
          if (outcome === 'gap') return this.mendGap();
          this.gaps = 0;
          if (frame.complete) this.caughtUp(generation);
        },
        (error: unknown) => this.failed(error),
      );
  }

  /** A frame that does not fit is no reason to doubt the connection; one after the other is (I-21). */
  private mendGap(): void {
    if (++this.gaps > 3) return this.lost(new ProtocolError('protocol/bad-frame', 'the feed does not continue from the stored cursor'));
    this.pull(this.writer.model.cursor);
  }

  private caughtUp(generation: number): void {
    if (generation === this.generation) this.handle('caught-up');
  }

  private refusedFrame(frame: Frame<'error'>): void {
    this.retryAfterMs = Math.max(this.retryAfterMs, frame.id === undefined ? (frame.retryAfterMs ?? 0) : 0);
    switch (frame.code) {
      case 'protocol/cursor-unknown':
        return this.pull(null);
      case 'auth/wrong-user':
        return this.handle('refused', this.wrongUser());
      case 'protocol/version-unsupported':
        return this.handle('refused', new ProtocolError(frame.code, frame.message));
      case 'auth/expired':
      case 'auth/forbidden':
        return this.tokenRefused(new AuthError(frame.code, frame.message));
      case 'server/busy':
        if (frame.id !== undefined) this.drain.busy(frame.id, frame.retryAfterMs ?? 1000);
        return;
      case 'protocol/bad-frame':
        this.ports.log('the server did not take a frame', frame.message);
        if (frame.id === undefined) return this.lost(new ProtocolError(frame.code satisfies ErrorCode, frame.message));
        this.drain.refused(frame.id);
        this.missing.refused(frame.id);
    }
  }

  /** The store said no. A deposed leader falls silent; anything else is tried again on a new connection. */
  private failed(error: unknown): void {
    if (error instanceof FencedError) {
      this.stop();
      this.deposed$.next();
      return;
    }
    this.ports.log('sync could not store', error);
    this.lost(error instanceof ReceiptsError ? error : new TransportError('transport/closed', String(error)));
  }
}
