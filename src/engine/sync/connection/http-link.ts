/**
 * A link over HTTP requests, for networks that block WebSockets (F53). The link sends each frame as a request of its
 * own. For the live feed, the link sends a pull, and the server holds the pull until the feed has a change (long
 * polling).
 */
import { byteLength } from '../../../model/byte-length.ts';
import { ProtocolError, TransportError } from '../../../errors.ts';
import type { Link, LinkHandlers, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import { CLOSE } from '../../../protocol/close-codes.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../protocol/frames.ts';
import { helloNotAnswered } from '../../net/http-session.ts';
import { restOfFetch } from '../../net/rest-of-fetch.ts';

/** Time for which the server may hold a pull: shorter than a heartbeat, and than the idle timeout of proxies. */
const HOLD_MS = 20_000;
/** Longer than the server holds a request. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Shortest wait after a pull that the server answered early without a change. The wait grows each time (I-21). */
const NOT_HELD_MS = 3_000;
/** Bytes of a request around hello and a frame. */
const REQUEST_OVERHEAD = 64;

const bytesOf = (frame: ClientFrame): number => byteLength(JSON.stringify(frame));

export class HttpLink implements Link {
  readonly buffered = 0;
  private isDone = false;
  private hello: Frame<'hello'> | null = null;
  private readonly waiting: ClientFrame[] = [];
  private isAsking = false;
  private pulling: AbortController | null = null;
  private holdMs = HOLD_MS;
  private readonly asking = new AbortController();

  private readonly notHeld: Backoff;

  constructor(
    private readonly ports: Pick<Ports, 'net' | 'clock' | 'random'>,
    private readonly handlers: LinkHandlers,
  ) {
    this.notHeld = new Backoff(ports.random);
    void Promise.resolve().then(() => {
      if (!this.isDone) handlers.opened();
    });
  }

  send(frame: ClientFrame): void {
    if (this.isDone) return;
    switch (frame.type) {
      // Every request carries hello.
      case 'hello':
        this.hello = frame;
        return;
      case 'auth':
        if (this.hello) this.hello = { ...this.hello, token: frame.token };
        return;
      case 'pull':
        return this.pull(frame);
      default:
        this.waiting.push(frame);
        this.askNext();
    }
  }

  close(): void {
    this.isDone = true;
    this.asking.abort();
    this.pulling?.abort();
  }

  /** Sends the waiting frames in order, one request at a time. */
  private askNext(): void {
    const frame = this.waiting[0];
    if (!frame || this.isAsking || this.isDone) return;
    this.isAsking = true;
    this.waiting.shift();
    this.request(frame, this.asking.signal).then(
      (answers) => {
        this.isAsking = false;
        const wants = frame.type === 'fetch' ? restOfFetch(frame, answers) : [];
        // One answer had no room for all messages: the link fetches the rest under the same id, as answers to the same fetch.
        if (frame.type === 'fetch' && wants.length > 0) this.waiting.unshift({ ...frame, wants });
        this.hand(frame, answers);
        this.askNext();
      },
      (error: unknown) => this.failed(error),
    );
  }

  private pull(frame: Frame<'pull'>): void {
    this.pulling?.abort();
    const abort = (this.pulling = new AbortController());
    const since = this.ports.clock.mono();
    this.request(frame, abort.signal).then(
      (answers) => {
        if (abort !== this.pulling) return;
        this.pulling = null;
        this.hand(frame, answers);
        const changes = answers.filter((answer) => answer.type === 'changes');
        const last = changes[changes.length - 1];
        // Without changes in the answer, the feed itself pulls again.
        if (!last || this.isBusy()) return;
        const goesOn = frame.cursor === null || frame.snapshot === true;
        const isLive = frame.waitMs !== undefined || frame.live === true;
        // The answer had no room for all news: the rest is news too.
        const rest = isLive ? { live: true as const } : {};
        const how = last.complete ? { waitMs: this.holdMs } : goesOn ? { snapshot: true as const } : rest;
        const next = { type: 'pull', cursor: last.to, ...how } as const;
        const isNews = last.to !== frame.cursor || changes.length > 1 || last.rows.length > 0;
        const early = !isNews && this.ports.clock.mono() - since < (frame.waitMs ?? 0) / 2;
        if (!early) {
          if (frame.waitMs) this.notHeld.succeeded();
          return this.pull(next);
        }
        this.ports.clock.timer(this.notHeld.failed(NOT_HELD_MS), () => {
          if (!this.isBusy()) this.pull(next);
        });
      },
      (error: unknown) => {
        if (abort === this.pulling) this.failed(error);
      },
    );
  }

  /** The link is closed, or a pull runs already. */
  private isBusy(): boolean {
    return this.isDone || this.pulling !== null;
  }

  private async request(frame: ClientFrame, signal: AbortSignal): Promise<ServerFrame[]> {
    if (!this.hello) throw new ProtocolError('protocol/bad-frame', 'the link was given a frame before hello: send hello first');
    return this.ports.net.request([this.hello, frame], REQUEST_TIMEOUT_MS, signal);
  }

  private hand(asked: ClientFrame, answers: readonly ServerFrame[]): void {
    const id = 'id' in asked ? asked.id : undefined;
    const isNamed = answers[0]?.type === 'welcome';
    if (!isNamed && !answers.some(({ type }) => type === 'error')) return this.broken(helloNotAnswered());
    for (const answer of answers) {
      if (this.isDone) return;
      if (answer.type === 'welcome') this.handlers.frame(this.fitted(answer));
      // The server refused the request without reading it: the error belongs to the frame of this request.
      else if (answer.type === 'error' && !isNamed && answer.code === 'protocol/bad-frame' && id !== undefined)
        this.handlers.frame({ ...answer, id });
      else this.handlers.frame(answer);
    }
    for (const answer of answers)
      if (answer.type === 'error' && answer.code === 'server/busy' && answer.id === undefined) this.closed(CLOSE.tryLater, answer.message);
  }

  /** Adapts the limits of the server: a request also carries hello, and the server holds it for less than a heartbeat. */
  private fitted(welcome: Frame<'welcome'>): Frame<'welcome'> {
    const { limits } = welcome;
    this.holdMs = Math.min(HOLD_MS, Math.floor(limits.heartbeatMs * 0.8));
    const room = limits.frameBytes - REQUEST_OVERHEAD - (this.hello ? bytesOf(this.hello) : 0);
    return { ...welcome, limits: { ...limits, frameBytes: Math.max(1024, room) } };
  }

  private failed(error: unknown): void {
    if (error instanceof ProtocolError) this.broken(error);
    else this.closed(1006, error instanceof TransportError ? error.message : String(error));
  }

  private broken(error: ProtocolError): void {
    if (this.isDone) return;
    this.close();
    this.handlers.malformed(error);
  }

  private closed(code: number, reason: string): void {
    if (this.isDone) return;
    this.close();
    this.handlers.closed(code, reason);
  }
}
