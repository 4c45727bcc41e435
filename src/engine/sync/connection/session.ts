/**
 * The conversation with the server on one connection. The session sends hello, and hands each frame of the server to
 * its part: feed, outbox sender, fetch of missing messages, heartbeat or token.
 */
import { type ReceiptsError, TransportError } from '../../../errors.ts';
import type { Account, Ports } from '../../../ports/ports.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../../protocol/version.ts';
import type { TokenSource } from '../../net/token-source.ts';
import type { UserAsks } from '../../net/user-asks.ts';
import type { Writer } from '../../write/writer.ts';
import { OutboxSender } from '../outbox/outbox-sender.ts';
import { Feed } from '../feed/feed.ts';
import { FetchMissing } from '../feed/fetch-missing.ts';
import { Heartbeat } from './heartbeat.ts';
import type { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { SessionToken } from './session-token.ts';
import { type DisconnectReason, disconnectReasonOfError, wrongUser } from './disconnect-reason.ts';
import { errorDetails } from '../../../logging.ts';
import { DEFAULT_LIMITS } from '../../../protocol/limits.ts';
import { BUSY_MS } from '../../../model/backoff.ts';

export interface SessionHandlers {
  readonly timeouts: AdaptiveTimeout;
  readonly send: (frame: ClientFrame) => void;
  readonly fence: () => number;
  readonly isLive: () => boolean;
  /** How many entries the server has not answered yet. */
  readonly inFlight: (count: number) => void;
  /** The server sent `welcome` for this account. */
  readonly named: () => void;
  readonly caughtUp: () => void;
  readonly ended: (reason: DisconnectReason) => void;
  /** The store failed. */
  readonly failed: (error: unknown) => void;
}

export class Session {
  readonly token: SessionToken;
  private limits = DEFAULT_LIMITS;
  private lastId = 0;
  private askedToWaitMs = 0;
  private greetedAt: number | null = null;
  private readonly heartbeat: Heartbeat;
  private readonly feed: Feed;
  readonly sender: OutboxSender;
  private readonly missing: FetchMissing;

  constructor(
    private readonly ports: Ports,
    private readonly account: Account,
    writer: Writer,
    tokens: TokenSource,
    asks: UserAsks,
    private readonly handlers: SessionHandlers,
  ) {
    const { fence, failed } = handlers;
    const send = (frame: ClientFrame): void => {
      handlers.send(frame);
      this.heartbeat.said();
    };
    const shared = { nextId: () => ++this.lastId, limits: () => this.limits, send, fence, failed };
    const lost = (error: ReceiptsError): void => handlers.ended({ next: 'again', error });
    this.token = new SessionToken(ports, tokens);
    const { timeouts } = handlers;
    this.heartbeat = new Heartbeat(ports.clock, {
      heartbeatMs: () => this.limits.heartbeatMs,
      refresh: () => writer.refresh().catch((error: unknown) => ports.log('warn', 'store-not-read', errorDetails(error))),
      ping: () => send({ type: 'ping' }),
      timeoutMs: (baseMs) =>
        handlers.isLive() ? timeouts.atLeast(baseMs, this.sender.bytesInFlight) : timeouts.growing('catch-up', baseMs),
      answered: (ms) => timeouts.measured(ms),
      silent: () => {
        // On a slow line, a long frame arrives only after a long silence: the next attempt waits longer.
        if (!handlers.isLive()) timeouts.ended('catch-up', true);
        lost(new TransportError('transport/timeout', 'the server did not answer a ping; Tidemark connects again'));
      },
    });
    this.feed = new Feed(ports, writer, {
      ...shared,
      news: () => (handlers.isLive() ? 'live' : 'catch-up'),
      caughtUp: () => {
        timeouts.ended('catch-up', false);
        handlers.caughtUp();
      },
      broken: lost,
    });
    const drained = {
      ...shared,
      continues: () => this.feed.continues,
      silent: () => lost(new TransportError('transport/timeout', 'the server did not answer a submit frame')),
      changed: () => handlers.inFlight(this.sender.inFlightCount),
    };
    this.sender = new OutboxSender(ports, writer, drained, timeouts);
    this.missing = new FetchMissing(ports, writer, asks, shared);
    writer.onChange(({ conversations, outbox }) => {
      if (outbox) this.sender.sendPending();
      if (conversations.size > 0) this.missing.dirty(conversations);
    });
  }

  /** Sends hello and pull together, without waiting for `welcome`. */
  greet(): void {
    const { userId, deviceId } = this.account;
    this.greetedAt = this.ports.clock.mono();
    this.handlers.send({ type: 'hello', version: PROTOCOL_VERSION, token: this.token.current, userId, deviceId });
    this.feed.pull();
  }

  /** Lets the sender send pending entries. Once the connection is live, also fetches messages that this device does not store. */
  submitAndFetch(): void {
    this.sender.start();
    if (this.handlers.isLive()) this.missing.start();
  }

  /** The transport moved to another link: the server will not answer the requests that were sent before. */
  beginAgain(): void {
    this.feed.stop();
    this.sender.stop();
    this.missing.stop();
    this.feed.pull();
  }

  /** Checks at once that the server still answers. */
  probe(): void {
    this.heartbeat.probe();
  }

  /** The connection ended: all its timers and requests end. */
  stop(): void {
    this.token.stop();
    this.heartbeat.stop();
    this.feed.stop();
    this.sender.stop();
    this.missing.stop();
    this.handlers.inFlight(0);
  }

  private askedToWait(ms: number): void {
    this.askedToWaitMs = Math.max(this.askedToWaitMs, ms);
  }

  /** Returns how long the server asked the client to wait, and forgets it. */
  takeRetryAfterMs(): number {
    const ms = this.askedToWaitMs;
    this.askedToWaitMs = 0;
    return ms;
  }

  receive(frame: ServerFrame): void {
    this.heartbeat.heard();
    switch (frame.type) {
      case 'welcome':
        return this.welcomed(frame);
      case 'changes':
        return this.feed.take(frame);
      case 'answer':
        return this.sender.answer(frame);
      case 'messages':
        return this.missing.answer(frame);
      case 'pong':
        if (frame.caughtUp) this.feed.unchanged(frame.caughtUp);
        return;
      // The client asks for receipts and members over HTTP.
      case 'receipts':
      case 'members':
        return;
      case 'error':
        return this.refused(frame);
    }
  }

  private welcomed(frame: Frame<'welcome'>): void {
    const { account, handlers } = this;
    if (frame.userId !== account.userId) return handlers.ended(wrongUser(account));
    this.limits = frame.limits;
    if (this.greetedAt !== null) handlers.timeouts.measured(this.ports.clock.mono() - this.greetedAt);
    this.greetedAt = null;
    this.heartbeat.start();
    this.token.taken(frame.expiresInMs, (token) => handlers.send({ type: 'auth', token }));
    handlers.named();
  }

  private busy(id: number | undefined, retryAfterMs: number): void {
    if (id === undefined) return this.feed.busy(retryAfterMs);
    this.sender.busy(id, retryAfterMs);
    this.missing.busy(id, retryAfterMs);
  }

  private refused(frame: Frame<'error'>): void {
    const { code, id, retryAfterMs } = frame;
    if (id === undefined) this.askedToWait(retryAfterMs ?? 0);
    const reason = disconnectReasonOfError(this.account, frame);
    if (reason) return this.handlers.ended(reason);
    if (code === 'protocol/cursor-unknown') {
      if (id === undefined) return this.feed.pullAnew();
      // The sender sends the batch again at once, without the lost cursor.
      this.feed.lost();
      return this.sender.cursorLost(id);
    }
    if (code === 'server/busy') return this.busy(id, retryAfterMs ?? BUSY_MS);
    if (id === undefined) return;
    this.ports.log('warn', 'frame-refused', errorDetails(frame));
    this.sender.refused(id);
    this.missing.refused(id);
  }
}
