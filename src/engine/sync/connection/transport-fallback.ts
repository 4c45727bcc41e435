/**
 * Chooses how frames reach the server: a WebSocket, or HTTP requests where a proxy blocks WebSockets. Over HTTP, the transport tries a
 * WebSocket again from time to time (F53). The caller sees one link.
 *
 *      ┌─────────────────────────┐   first frame      ┌───────────┐
 *      │ WebSocket opens, server │ ─────────────────► │ on-socket │
 *      │ has sent no frame       │                    └───────────┘
 *      └─────────────────────────┘                          ▲
 *         │ no frame in time, or broken                     │ welcome on the candidate: moved
 *         ▼ (after 2 such transports in a row)              │
 *      ┌─────────────────────────┐   first    ┌─────────┐ retry due ┌─────────────┐
 *      │ HTTP begins, server     │ ─────────► │ on-http │ ────────► │ http-trying │
 *      │ has sent no frame       │   frame    │         │ ◄──────── │             │
 *      └─────────────────────────┘            └─────────┘ candidate └─────────────┘
 *                                                         failed
 *
 * The end of the link in use, or the caller, leads from every state to `closed`: `transport-fallback-states.ts`.
 */
import type { ProtocolError } from '../../../errors.ts';
import type { Cancel, Link, LinkHandlers, Ports } from '../../../ports/ports.ts';
import { UNSPOKEN_CLOSES } from '../../../protocol/close-codes.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../protocol/frames.ts';
import { HttpLink } from './http-link.ts';
import { awaitsFirstFrame, type Effect, type Event, type State, transition } from './transport-fallback-states.ts';

/** After this many WebSockets in a row without a frame of the server, a transport may fall back to HTTP. */
const MISSES = 2;
/** Time on HTTP before the next attempt with a WebSocket. It doubles after each failed attempt. */
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 5 * 60_000;
const CANDIDATE_TIMEOUT_MS = 10_000;

export interface TransportHandlers extends LinkHandlers {
  /** Another link carries the frames of the same account from here on: the server will not answer earlier requests. */
  moved(): void;
}

export class FallbackTransport {
  private misses = 0;

  constructor(private readonly ports: Pick<Ports, 'net' | 'clock' | 'random'>) {}

  /** @param timeoutMs how long the caller waits for the first frame of the server. */
  open(handlers: TransportHandlers, timeoutMs: number): Link {
    const mayFallBack = this.misses >= MISSES;
    this.misses++;
    return new Transport(this.ports, handlers, mayFallBack ? timeoutMs / 2 : null, () => (this.misses = 0));
  }
}

/** The content of an event for the caller. */
interface Content {
  readonly frame?: ServerFrame;
  readonly error?: ProtocolError;
  readonly close?: readonly [code: number, reason: string];
}

class Transport implements Link {
  private state: State = 'socket-opening';
  private link: Link;
  /** Number of the link in use. Frames of links with another number are ignored (F48). */
  private linkId = 0;
  private lastLinkId = 0;
  private candidate: { readonly id: number; readonly link: Link } | null = null;
  /** Frames of the caller until the server's first frame: a fallback repeats these frames. */
  private frames: ClientFrame[] = [];
  /** The newest hello, with the newest token: the first frame on a candidate. */
  private hello: Frame<'hello'> | null = null;
  private retryMs = FIRST_RETRY_MS;
  private cancelTimer: Cancel = () => undefined;

  /** @param fallBackMs time without a frame of the server after which HTTP replaces the WebSocket; `null` for never. */
  constructor(
    private readonly ports: Pick<Ports, 'net' | 'clock' | 'random'>,
    private readonly handlers: TransportHandlers,
    private readonly fallBackMs: number | null,
    private readonly countSuccess: () => void,
  ) {
    this.link = ports.net.connect(this.listen(this.linkId));
    if (fallBackMs !== null) this.setTimer(fallBackMs, 'link-failed');
  }

  get buffered(): number {
    return this.link.buffered;
  }

  send(frame: ClientFrame): void {
    if (frame.type === 'hello') this.hello = frame;
    else if (frame.type === 'auth' && this.hello) this.hello = { ...this.hello, token: frame.token };
    if (awaitsFirstFrame(this.state)) this.frames.push(frame);
    this.link.send(frame);
  }

  close(): void {
    this.handle('close');
  }

  private handle(event: Event, content: Content = {}): void {
    const { to, effects } = transition(this.state, event);
    this.state = to;
    for (const effect of effects) {
      // The caller closed the transport while an effect ran.
      if (this.state !== to) return;
      this.run(effect, content);
    }
  }

  private run(effect: Effect, { frame, error, close }: Content): void {
    const { handlers, ports } = this;
    switch (effect) {
      case 'tell-opened':
        return handlers.opened();
      case 'tell-frame':
        return frame && handlers.frame(frame);
      case 'tell-malformed':
        return error && handlers.malformed(error);
      case 'tell-closed':
        return close && handlers.closed(...close);
      case 'tell-moved':
        return handlers.moved();
      case 'fall-back': {
        const { link } = this;
        this.linkId = ++this.lastLinkId;
        link.close();
        this.link = new HttpLink(ports, this.listen(this.linkId));
        return;
      }
      case 'repeat-frames':
        for (const said of this.frames) this.link.send(said);
        return;
      case 'forget-frames':
        this.frames = [];
        return;
      case 'count-success':
        return this.countSuccess();
      case 'start-retry':
        // The time varies by a quarter: devices behind the same proxy must not all try at once.
        this.setTimer(this.retryMs * (0.75 + ports.random.next() / 2), 'retry-due');
        this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
        return;
      case 'open-candidate': {
        const id = ++this.lastLinkId;
        this.candidate = { id, link: ports.net.connect(this.listen(id)) };
        return this.setTimer(CANDIDATE_TIMEOUT_MS, 'candidate-failed');
      }
      case 'drop-candidate':
        return this.takeCandidate()?.link.close();
      case 'use-candidate': {
        const candidate = this.takeCandidate();
        if (!candidate) return;
        const { link } = this;
        this.linkId = candidate.id;
        this.link = candidate.link;
        return link.close();
      }
      case 'cancel-timer':
        return this.cancelTimer();
      case 'release':
        this.takeCandidate()?.link.close();
        return this.link.close();
    }
  }

  private takeCandidate(): { readonly id: number; readonly link: Link } | null {
    const { candidate } = this;
    this.candidate = null;
    return candidate;
  }

  private setTimer(ms: number, event: Event): void {
    this.cancelTimer = this.ports.clock.timer(ms, () => this.handle(event));
  }

  /** Handlers of one link. The link is in use, is the candidate, or was left. The handlers ignore a left link (F48). */
  private listen(id: number): LinkHandlers {
    const hears = <A extends unknown[]>(inUse: (...args: A) => void, asCandidate: (...args: A) => void) => {
      return (...args: A): void => {
        if (id === this.linkId) inUse(...args);
        else if (id === this.candidate?.id) asCandidate(...args);
      };
    };
    const candidateFailed = (): void => this.handle('candidate-failed');
    return {
      opened: hears(
        () => this.handle('opened'),
        () => this.hello && this.candidate?.link.send(this.hello),
      ),
      frame: hears(
        (frame) => this.handle('frame', { frame }),
        (frame) => this.handle(frame.type === 'welcome' ? 'candidate-welcomed' : 'candidate-failed', { frame }),
      ),
      malformed: hears<[ProtocolError]>((error) => this.handle('malformed', { error }), candidateFailed),
      closed: hears<[code: number, reason: string]>((...close) => {
        if (!UNSPOKEN_CLOSES.has(close[0])) return this.handle('server-closed', { close });
        this.handle(this.fallBackMs === null ? 'broke' : 'link-failed', { close });
      }, candidateFailed),
    };
  }
}
