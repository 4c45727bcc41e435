/** One connection in the virtual network, with its two ends. Its frames travel in order, each with a delay of its own. */
import type { LinkHandlers } from '../ports/ports.ts';
import { decodeServerFrame, encodeFrame } from '../protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';
import type { Connection, Socket } from '../server/socket.ts';
import { answerOf, breaksConnection, type FrameTrouble, holdOf, isLost } from './frame-trouble.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** The server's end of the network. */
export interface NetworkEnd {
  /** The process of the running server; `null` while the server is down. */
  readonly process: VirtualProcess | null;
  connect(socket: Socket): Connection | undefined;
  request(body: string): Promise<{ readonly body: string }>;
}

/** How a network behaves. */
export interface NetworkConditions {
  /** The mean delay of a frame, in milliseconds. Each frame draws its own delay. */
  delayMs: number;
  /** The maximum delay of a frame, in milliseconds. */
  maxDelayMs: number;
  /** True if frames reach the server (`up`), and the device (`down`). */
  up: boolean;
  /** True if frames reach the device. */
  down: boolean;
  /** True if WebSockets work. HTTP requests work in any case. */
  sockets: boolean;
  /** The chance that a frame breaks its connection. */
  cut: number;
  /** The share of broken connections without any close event on the device. */
  halfOpen: number;
  /** The chance that a frame arrives twice. */
  duplicate: number;
  /** The chance that sent frames arrive after the client has closed the connection. */
  stale: number;
}

/** A network without delays, losses and cuts. */
export const WELL: Readonly<NetworkConditions> = {
  delayMs: 5,
  maxDelayMs: 1000,
  up: true,
  down: true,
  sockets: true,
  cut: 0,
  halfOpen: 0,
  duplicate: 0,
  stale: 0,
};

/** The part of the network that a connection uses. */
interface WireNetwork {
  readonly end: NetworkEnd;
  readonly random: SeededRandom;
  readonly conditions: NetworkConditions;
  readonly wires: Set<Wire>;
  delay(): number;
  count(kind: string): void;
  leaves(process: VirtualProcess, text: string): void;
  trouble(way: 'up' | 'down', frame: ClientFrame | ServerFrame, process: VirtualProcess): FrameTrouble | null;
  arrives(process: VirtualProcess, frame: ServerFrame): void;
}

/** Frames without harm when doubled. A doubled greeting would be an error. */
const REPEATABLE = new Set(['submit', 'pull', 'fetch', 'changes', 'answer', 'messages']);

export class Wire {
  private clientOpen = true;
  private serverOpen = false;
  /** The arrival time of the last frame in each direction: no frame overtakes another. */
  private upAt = 0;
  private downAt = 0;
  private readonly stalledUp: (() => void)[] = [];
  private readonly stalledDown: (() => void)[] = [];
  private connection: Connection | undefined;

  constructor(
    private readonly network: WireNetwork,
    private readonly process: VirtualProcess,
    private readonly handlers: LinkHandlers,
  ) {
    const { conditions } = network;
    process.onEnd(() => this.abandon());
    this.travel('up', 'connecting', () => {
      if (!conditions.sockets) return this.tellClosed(1006, 'no sockets here');
      const at = network.end.process;
      if (!at?.alive) return this.tellClosed(1006, 'refused');
      this.connection = network.end.connect({
        buffered: 0,
        send: (text) => this.fromServer(text),
        close: (code, reason) => {
          this.serverOpen = false;
          this.travel('down', 'closing', () => this.hearClosed(code, reason));
        },
      });
      if (!this.connection) return this.tellClosed(1013, 'starting');
      this.serverOpen = true;
      // A dead process resets its connections; a dead machine sends nothing.
      at.onEnd(() => this.break(network.random.chance(conditions.halfOpen)));
      this.travel('down', 'open', () => this.heard(() => handlers.opened()));
    });
  }

  send(frame: ClientFrame): void {
    if (!this.clientOpen) return;
    const text = encodeFrame(frame);
    this.network.leaves(this.process, text);
    const times = this.meets(frame.type);
    for (let i = 0; i < times; i++)
      this.travel('up', `→ ${text}`, () => {
        if (this.serverOpen && this.network.end.process?.alive) this.arrive('up', frame, () => this.connection?.receive(text));
      });
  }

  private fromServer(text: string): void {
    if (!this.serverOpen) return;
    const frame = decodeServerFrame(text);
    const times = this.meets(frame.type);
    for (let i = 0; i < times; i++)
      this.travel('down', `← ${text}`, () =>
        this.heard(() =>
          this.arrive('down', frame, () => {
            this.network.arrives(this.process, frame);
            this.handlers.frame(frame);
          }),
        ),
      );
  }

  /** Hands a frame to its receiver, with the trouble that the test gives the frame. */
  private arrive(way: 'up' | 'down', frame: ClientFrame | ServerFrame, hand: () => void): void {
    const trouble = this.network.trouble(way, frame, this.process);
    const answer = way === 'up' ? answerOf(trouble) : null;
    if (answer) for (const instead of answer) this.fromServer(encodeFrame(instead));
    else if (holdOf(trouble) > 0)
      this.process.time.schedule(holdOf(trouble), `${this.process.name} held ${frame.type}`, () => this.heldUp(way, hand));
    else if (!isLost(trouble)) hand();
    if (trouble === 'twice') hand();
    if (!breaksConnection(trouble)) return;
    this.closeServer();
    if (way === 'down') this.hearClosed(1006, 'reset');
    else this.travel('down', 'reset', () => this.hearClosed(1006, 'reset'));
  }

  /** Hands over a held frame, if the connection is open still. */
  private heldUp(way: 'up' | 'down', hand: () => void): void {
    if (way === 'down') this.heard(hand);
    else if (this.serverOpen) hand();
  }

  /** Draws a frame's fate. @returns the number of its arrivals. */
  private meets(type: string): number {
    const { conditions, random } = this.network;
    if (random.chance(conditions.cut)) {
      this.network.count('cut');
      this.break(random.chance(conditions.halfOpen));
      return 0;
    }
    if (!REPEATABLE.has(type) || !random.chance(conditions.duplicate)) return 1;
    this.network.count('duplicate');
    return 2;
  }

  /** Closes the client's end. The server learns of it later, and may receive the frames under way first. */
  abandon(): void {
    if (!this.clientOpen) return;
    this.clientOpen = false;
    const { conditions, random } = this.network;
    if (random.chance(conditions.stale)) {
      this.network.count('stale');
      this.travel('up', 'closing', () => this.closeServer());
    } else this.closeServer();
  }

  /** Breaks the connection at both ends. `silently`: the client gets no close event. */
  break(silently: boolean): void {
    this.closeServer();
    if (silently) this.network.count('half-open');
    else this.tellClosed(1006, 'reset');
  }

  /** Sends the delayed frames after the network has healed. */
  flush(): void {
    const { conditions } = this.network;
    if (conditions.up) for (const go of this.stalledUp.splice(0)) go();
    if (conditions.down) for (const go of this.stalledDown.splice(0)) go();
  }

  private closeServer(): void {
    if (!this.serverOpen) return;
    this.serverOpen = false;
    this.connection?.closed();
  }

  private tellClosed(code: number, reason: string): void {
    this.process.later(this.network.delay(), 'closed', () => this.hearClosed(code, reason));
  }

  private hearClosed(code: number, reason: string): void {
    this.heard(() => {
      this.clientOpen = false;
      this.network.wires.delete(this);
      this.handlers.closed(code, reason);
    });
  }

  private heard(fn: () => void): void {
    this.process.run(() => {
      if (this.clientOpen) fn();
    });
  }

  private travel(way: 'up' | 'down', what: string, arrive: () => void): void {
    const { time } = this.process;
    const go = (): void => {
      const at = Math.max(time.now + this.network.delay(), way === 'up' ? this.upAt : this.downAt);
      if (way === 'up') this.upAt = at;
      else this.downAt = at;
      // The next frame in this direction arrives strictly later, so that no two frames swap.
      const gap = 0.001;
      if (way === 'up') this.upAt += gap;
      else this.downAt += gap;
      time.schedule(at - time.now, `${this.process.name} ${what}`, () => {
        if (this.network.conditions[way]) arrive();
        else this.hold(way, go);
      });
    };
    if ((way === 'up' ? this.stalledUp : this.stalledDown).length > 0) this.hold(way, go);
    else go();
  }

  private hold(way: 'up' | 'down', go: () => void): void {
    (way === 'up' ? this.stalledUp : this.stalledDown).push(go);
  }
}
