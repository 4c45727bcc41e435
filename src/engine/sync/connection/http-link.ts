/**
 * The HTTP door as a road like a socket, for where no socket gets through (F53): each frame goes out as a request of its own, and a pull
 * that the server holds until something is new stands for the live feed.
 */
import { ProtocolError, TransportError } from '../../../errors.ts';
import type { Link, LinkHandlers, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import { CLOSE } from '../../../protocol/close-codes.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../protocol/frames.ts';
import { restOfFetch } from '../../net/rest-of-fetch.ts';

/** Shorter than a heartbeat, and than what proxies take for idle. */
const HOLD_MS = 20_000;
/** Beyond what a request is held. */
const REQUEST_TIMEOUT_MS = 30_000;
/** At least so long before the next pull, where one that should have been held was not; longer each time (I-21). */
const NOT_HELD_MS = 3_000;
/** Room for a request around hello and a frame. */
const REQUEST_OVERHEAD = 64;

const encoder = new TextEncoder();
const bytesOf = (frame: ClientFrame): number => encoder.encode(JSON.stringify(frame)).length;

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
      // It goes along with every request.
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

  /** One at a time, in order. */
  private askNext(): void {
    const frame = this.waiting[0];
    if (!frame || this.isAsking || this.isDone) return;
    this.isAsking = true;
    this.waiting.shift();
    this.request(frame, this.asking.signal).then(
      (answers) => {
        this.isAsking = false;
        const wants = frame.type === 'fetch' ? restOfFetch(frame, answers) : [];
        // One answer did not hold it all: the rest is asked for under the same id, and answers the same fetch.
        if (frame.type === 'fetch' && wants.length > 0) this.waiting.unshift({ ...frame, wants });
        this.hand(frame, answers);
        this.askNext();
      },
      (error: unknown) => this.failed(error),
    );
  }

  private pull(frame: Frame<'pull'>): void {
    this.pulling?.abort();
    const mine = (this.pulling = new AbortController());
    const since = this.ports.clock.mono();
    this.request(frame, mine.signal).then(
      (answers) => {
        if (mine !== this.pulling) return;
        this.pulling = null;
        this.hand(frame, answers);
        const changes = answers.filter((answer) => answer.type === 'changes');
        const last = changes[changes.length - 1];
        // Where the feed broke off, whoever reads it asks again by itself.
        if (!last || this.isBusy()) return;
        const goesOn = frame.cursor === null || frame.snapshot === true;
        const how = last.complete ? { waitMs: this.holdMs } : goesOn ? { snapshot: true as const } : {};
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
        if (mine === this.pulling) this.failed(error);
      },
    );
  }

  /** Closed, or pulling already. */
  private isBusy(): boolean {
    return this.isDone || this.pulling !== null;
  }

  private async request(frame: ClientFrame, signal: AbortSignal): Promise<ServerFrame[]> {
    if (!this.hello) throw new ProtocolError('protocol/bad-frame', 'hello comes first');
    return this.ports.net.request([this.hello, frame], REQUEST_TIMEOUT_MS, signal);
  }

  private hand(asked: ClientFrame, answers: readonly ServerFrame[]): void {
    const id = 'id' in asked ? asked.id : undefined;
    const isNamed = answers[0]?.type === 'welcome';
    if (!isNamed && !answers.some(({ type }) => type === 'error'))
      return this.broken(new ProtocolError('protocol/bad-frame', 'the answer does not name the account'));
    for (const answer of answers) {
      if (this.isDone) return;
      if (answer.type === 'welcome') this.handlers.frame(this.fitted(answer));
      // The request was refused unread: it was this frame's.
      else if (answer.type === 'error' && !isNamed && answer.code === 'protocol/bad-frame' && id !== undefined)
        this.handlers.frame({ ...answer, id });
      else this.handlers.frame(answer);
    }
    for (const answer of answers)
      if (answer.type === 'error' && answer.code === 'server/busy' && answer.id === undefined) this.closed(CLOSE.tryLater, answer.message);
  }

  /** A request holds hello besides the frame, and is held for less than a heartbeat. */
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
