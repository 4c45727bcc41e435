/**
 * One client's connection, from hello to close. The connection knows no socket library: frames arrive as
 * text, and leave through a {@link Socket}. Frames run strictly in order, and the connection answers nothing
 * before the token names the account (I-24).
 *
 *              hello, token valid            silence, slow reader, bad frames, token expired, end(), socket closed
 *   greeting ───────────────────▶ named ──────────────────────────────▶ closed ── work done ──▶ ticket given back
 *      │                                                                  ▲
 *      └───────── no hello within 10 s, hello refused, token refused ─────┘
 *
 * One queue runs all jobs of the connection in their order:
 *
 *   frame of the client (`incoming.ts`) ─▶ ┌───────┐ ─▶ over a limit: refuse it, pause (`meter.ts`)
 *                                          │       │    within the limits: answer it, then publish its hints (`named-client.ts`)
 *   hint of the bus (`wake-ups.ts`) ─────▶ │ queue │ ─▶ pull the changes after the client's cursor (`feed-sender.ts`)
 *   change of policy ────────────────────▶ └───────┘ ─▶ send welcome again (`greeting.ts`)
 *
 * Between two pages of a long answer, the event loop may go on (`pause.ts`), and waiting entries and questions run (`job-queue.ts`).
 */
import type { UserId } from '../../model/ids.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { Ticket } from '../admission.ts';
import type { Core } from '../core.ts';
import { Greeting } from './greeting.ts';
import { Incoming } from './incoming.ts';
import { JobQueue, type QueuedJob } from './job-queue.ts';
import { errorDetails, withDetails } from '../../logging.ts';
import { NamedClient } from './named-client.ts';
import { Outgoing } from './outgoing.ts';
import { Pause } from './pause.ts';
import { Silence } from './silence.ts';
import type { Connection, Socket } from '../socket.ts';
import { inTurnsOf } from '../store/turns.ts';
import { WakeUps } from './wake-ups.ts';

export interface ConnectionOptions {
  /** The connection's share of the limits of its address and account; given back at the end. */
  readonly ticket: Ticket;
  /**
   * Set for the one exchange of an HTTP request: the server sends nothing afterwards, and a pull may wait for
   * news. Limits in characters:
   */
  readonly once?: {
    /** A pull stops above this size, and the next pull continues. */
    readonly pullChars: number;
    /** Above this size further frames are refused, and the client asks in another request. */
    readonly answerChars: number;
  };
}

class ClientConnection implements Connection {
  private readonly ticket: Ticket;
  private readonly once: ConnectionOptions['once'];
  private readonly out: Outgoing;
  private readonly queue = new JobQueue((job) => this.run(job));
  private readonly incoming: Incoming;
  private readonly greeting: Greeting;
  private readonly silence: Silence;
  private readonly wakeUps: WakeUps;
  private readonly pause: Pause;
  /** Set when the token has named the account. */
  private client: NamedClient | undefined;

  private readonly core: Core;
  private readonly id: string;

  constructor(shared: Core, socket: Socket, { ticket, once }: ConnectionOptions) {
    const id = shared.connections.newId();
    this.id = id;
    const core = { ...shared, log: withDetails(shared.log, { connection: id }) };
    this.core = core;
    this.ticket = ticket;
    this.once = once;
    const { clock, metrics } = core;
    this.pause = new Pause(clock);
    this.out = new Outgoing(clock, metrics, socket, (code) => this.ended(code), once?.answerChars);
    this.greeting = new Greeting(core, this.out, (userId) => this.named(userId));
    const heartbeatMs = (): number => core.policy().limits.heartbeatMs;
    this.silence = new Silence(clock, heartbeatMs, () => this.out.end(CLOSE.silent, 'no frame within four heartbeats'));
    this.incoming = new Incoming(
      this.queue,
      this.out,
      () => this.client !== undefined,
      (frame) => this.take(frame),
    );
    this.wakeUps = new WakeUps(clock, shared.connections.newPhase(), (begun) => {
      const since = clock.mono();
      this.queue.addOwn(async () => {
        begun();
        await this.client?.pullNews();
        metrics.observe('tidemark_feed_lag_seconds', (clock.mono() - since) / 1000, {});
      });
    });
  }

  private get door(): { readonly door: string } {
    return { door: this.once ? 'http' : 'websocket' };
  }

  get userId(): UserId | undefined {
    return this.client?.userId;
  }

  receive(text: string): void {
    if (!this.out.open) return;
    this.silence.heard();
    this.incoming.receive(text);
  }

  receiveUnreadable(why: string): void {
    if (this.out.open) this.incoming.receiveUnreadable(why);
  }

  closed(): void {
    this.out.closed();
  }

  wake(kind: Parameters<Connection['wake']>[0] = 'changes', told?: string): void {
    if (!this.out.open) return;
    if (this.once) this.client?.endWait();
    else if (told === this.id) this.wakeUps.wakeForTold();
    else if (kind === 'receipts') this.wakeUps.wakeForReceipts();
    else this.wakeUps.wake();
  }

  tellPolicy(): void {
    if (!this.out.open || !this.client) return;
    this.queue.addOwn(() => {
      this.greeting.repeat();
      if (!this.once) this.silence.start();
    });
  }

  end(code: number, reason: string): void {
    this.out.end(code, reason);
  }

  settled(): Promise<void> {
    return this.queue.work;
  }

  /** Greeting → named. @returns false if the account may not have another connection. */
  private named(userId: UserId): boolean {
    const { core, once, queue } = this;
    if (!this.ticket.name(userId)) return false;
    const listen = (): void => core.connections.add(userId, this);
    this.client = new NamedClient({ ...core, store: inTurnsOf(core.store, core.turns, userId) }, userId, {
      id: this.id,
      out: this.out,
      greeting: this.greeting,
      letOvertake: async () => {
        await this.pause.ifDue();
        // In an HTTP answer every frame keeps its place.
        if (!once) await queue.letOvertake();
      },
      listen,
      wake: () => this.wake(),
      once,
    });
    this.core.metrics.add('tidemark_connections', 1, this.door);
    if (once) return true;
    listen();
    core.log('debug', 'connection-opened');
    this.silence.start();
    return true;
  }

  /** Greeting or named → closed. */
  private ended(code?: number): void {
    const { client, core } = this;
    if (client) core.metrics.add('tidemark_connections', -1, this.door);
    if (!this.once) core.metrics.add('tidemark_connections_closed_total', 1, { code: String(code ?? 'client') });
    this.greeting.stop();
    this.silence.stop();
    this.wakeUps.stop();
    client?.stop();
    if (client) core.connections.delete(client.userId, this);
    if (client && !this.once) core.log('debug', 'connection-closed');
    // The ticket is given back only after all running work: a slow `authenticate` still holds the token.
    void this.queue.work.finally(() => this.ticket.leave());
  }

  private async run({ run, chars }: QueuedJob): Promise<void> {
    if (!this.out.open) return;
    await this.out.drained();
    this.pause.begun();
    try {
      await run();
    } catch (error) {
      this.core.log('error', 'frame-failed', errorDetails(error));
      this.out.failBusy('something failed; try again');
    }
    if (chars > 0) this.silence.heard();
  }

  private async take(frame: ClientFrame): Promise<void> {
    this.core.metrics.add('tidemark_frames_received_total', 1, { type: frame.type });
    await (this.client ? this.client.take(frame) : this.greeting.hello(frame));
  }
}

export const openConnection = (core: Core, socket: Socket, options: ConnectionOptions): Connection =>
  new ClientConnection(core, socket, options);
