/**
 * Which way to the server: a WebSocket; and where something between lets none through while HTTP gets an answer, requests, with another
 * try of the WebSocket from time to time (F53). To whoever speaks it is one road.
 */
import type { Cancel, Link, LinkHandlers, Ports } from '../../../ports/ports.ts';
import { UNSPOKEN_CLOSES } from '../../../protocol/close-codes.ts';
import type { ClientFrame, Frame } from '../../../protocol/frames.ts';
import { HttpLink } from './http-link.ts';

/** WebSockets in a row over which the server said nothing, before HTTP is tried as well. */
const MISSES = 2;
/** Over HTTP, a WebSocket is tried again after this long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 5 * 60_000;
const RETRY_TIMEOUT_MS = 10_000;

export interface TransportHandlers extends LinkHandlers {
  /** From here on it is another connection of the same account: what was asked and not answered will not be. */
  moved(): void;
}

export class FallbackTransport {
  private misses = 0;

  constructor(private readonly ports: Pick<Ports, 'net' | 'clock' | 'random'>) {}

  /** @param patienceMs how long the caller waits for a first word. */
  open(handlers: TransportHandlers, timeoutMs: number): Link {
    const mayFallBack = this.misses >= MISSES;
    this.misses++;
    return new TransportPath(this.ports, handlers, mayFallBack ? timeoutMs / 2 : null, () => (this.misses = 0));
  }
}

class TransportPath implements Link {
  private link: Link;
  private isDone = false;
  private isOpen = false;
  private turn = 0;
  private onHttp = false;
  /** Until the server has spoken: said again where the road changes before. */
  private said: ClientFrame[] | null = [];
  private hello: Frame<'hello'> | null = null;
  private retryMs = FIRST_RETRY_MS;
  private candidate: Link | null = null;
  private cancel: Cancel = () => undefined;

  /** @param fallBackMs a WebSocket without a word for so long is given up for HTTP; `null` for never. */
  constructor(
    private readonly ports: Pick<Ports, 'net' | 'clock' | 'random'>,
    private readonly handlers: TransportHandlers,
    private readonly fallBackMs: number | null,
    /** A WebSocket carried the server's word. */
    private readonly worked: () => void,
  ) {
    this.link = ports.net.connect(this.listen());
    if (fallBackMs !== null) this.cancel = ports.clock.timer(fallBackMs, () => this.fallBack());
  }

  get buffered(): number {
    return this.link.buffered;
  }

  send(frame: ClientFrame): void {
    if (frame.type === 'hello') this.hello = frame;
    else if (frame.type === 'auth' && this.hello) this.hello = { ...this.hello, token: frame.token };
    this.said?.push(frame);
    this.link.send(frame);
  }

  close(): void {
    this.isDone = true;
    this.cancel();
    this.candidate?.close();
    this.link.close();
  }

  /** Only the road in use is heard: words of one that was left are dropped (F48). */
  private listen(): LinkHandlers {
    const turn = ++this.turn;
    const mine = <A extends unknown[]>(fn: (...args: A) => void) => {
      return (...args: A): void => {
        if (turn === this.turn && !this.isDone) fn(...args);
      };
    };
    return {
      opened: mine(() => {
        if (!this.isOpen) {
          this.isOpen = true;
          this.handlers.opened();
        } else for (const frame of this.said ?? []) this.link.send(frame);
      }),
      frame: mine((frame) => {
        this.heard();
        this.handlers.frame(frame);
      }),
      malformed: mine((error) => this.handlers.malformed(error)),
      closed: mine((code, reason) => {
        if (!UNSPOKEN_CLOSES.has(code) && !this.onHttp) this.worked();
        else if (this.said && !this.onHttp && this.fallBackMs !== null) return this.fallBack();
        this.handlers.closed(code, reason);
      }),
    };
  }

  private heard(): void {
    if (!this.said) return;
    this.said = null;
    this.cancel();
    if (this.onHttp) this.tryAgainLater();
    else this.worked();
  }

  private fallBack(): void {
    this.cancel();
    this.link.close();
    this.onHttp = true;
    this.link = new HttpLink(this.ports, this.listen());
  }

  /** Spread by a quarter, so that a crowd behind one proxy does not come at once. */
  private tryAgainLater(): void {
    const { clock, random } = this.ports;
    this.cancel = clock.timer(this.retryMs * (0.75 + random.next() / 2), () => this.tryAgain());
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }

  private tryAgain(): void {
    const { clock, net } = this.ports;
    let heard: LinkHandlers | null = null;
    const giveUp = (): void => {
      if (candidate !== this.candidate) return;
      this.candidate = null;
      this.cancel();
      candidate.close();
      this.tryAgainLater();
    };
    const candidate = net.connect({
      opened: () => {
        if (this.hello) candidate.send(this.hello);
      },
      frame: (frame) => {
        if (heard) return heard.frame(frame);
        if (frame.type !== 'welcome') return giveUp();
        heard = this.listen();
        this.moveTo(candidate, heard, frame);
      },
      malformed: (error) => (heard ? heard.malformed(error) : giveUp()),
      closed: (code, reason) => (heard ? heard.closed(code, reason) : giveUp()),
    });
    this.candidate = candidate;
    this.cancel = clock.timer(RETRY_TIMEOUT_MS, giveUp);
  }

  private moveTo(link: Link, heard: LinkHandlers, welcome: Frame<'welcome'>): void {
    this.cancel();
    this.candidate = null;
    this.link.close();
    this.link = link;
    this.onHttp = false;
    this.worked();
    heard.frame(welcome);
    if (!this.isDone) this.handlers.moved();
  }
}
