/**
 * The network between one device and the server. Frames travel as text and in order, like over TCP. A partition delays
 * frames until the network heals or the connection dies. One end may learn of the connection's death late, or never.
 */
import { readOptions } from '../model/option-names.ts';
import type { Link, NetPort } from '../ports/ports.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';
import type { FrameTrouble } from './frame-trouble.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { SeededRandom } from './random.ts';
import { sendRequest } from './virtual-request.ts';
import { type NetworkConditions, type NetworkEnd, WELL, Wire } from './virtual-wire.ts';

/** The text of a new connection for {@link VirtualNetwork.leaves}. */
export const CONNECTING = 'connecting';

/** The network of a device: conditions, faults, and what passes. */
export class VirtualNetwork {
  /** Delay, losses and cuts. */
  conditions: NetworkConditions = { ...WELL };
  /** The open WebSockets. */
  readonly wires = new Set<Wire>();
  /** Called for each fault. */
  count: (kind: string) => void = () => undefined;
  /** Called with every text that leaves the device. */
  leaves: (process: VirtualProcess, text: string) => void = () => undefined;
  /**
   * Returns the trouble of a frame that is about to arrive at the server (`up`) or at the device (`down`). A request over HTTP fails if a
   * frame of the request or of the answer is lost, and waits as long as its longest held frame.
   */
  trouble: (way: 'up' | 'down', frame: ClientFrame | ServerFrame, process: VirtualProcess) => FrameTrouble | null = () => null;
  /** Called with every frame of the server, just before the tab gets it. `request`: the HTTP request that the frame answers. */
  arrives: (process: VirtualProcess, frame: ServerFrame, request?: string) => void = () => undefined;

  constructor(
    /** The other end: the world's server. */
    readonly end: NetworkEnd,
    /** The randomness of delays and losses. */
    readonly random: SeededRandom,
  ) {}

  /** A random delay under the present conditions, in milliseconds. */
  delay(): number {
    const { delayMs, maxDelayMs } = this.conditions;
    return Math.min(maxDelayMs, this.random.exponential(delayMs));
  }

  /** Changes the given conditions. Delayed frames travel on if the new conditions let them. */
  set(conditions: Partial<NetworkConditions>): void {
    Object.assign(this.conditions, readOptions<Partial<NetworkConditions>>(conditions, 'network.set', WELL));
    for (const wire of [...this.wires]) wire.flush();
  }

  /** Called by {@link VirtualNetwork.offline} and {@link VirtualNetwork.online}: the browser tells its pages. */
  readonly listeners = new Set<(isOnline: boolean) => void>();

  /** Breaks every connection, lets nothing pass until {@link VirtualNetwork.online}, and tells the pages, as a browser does in aeroplane mode. */
  offline(): void {
    this.set({ up: false, down: false });
    this.cut();
    for (const tell of this.listeners) tell(false);
  }

  /** Lets frames pass again, and tells the pages. */
  online(): void {
    this.set({ up: true, down: true });
    for (const tell of this.listeners) tell(true);
  }

  /** Breaks every open connection. New connections may follow. */
  cut(silently = false): void {
    for (const wire of [...this.wires]) wire.break(silently);
  }

  /** The network port of one tab. */
  port(process: VirtualProcess): NetPort {
    return {
      connect: (handlers): Link => {
        this.leaves(process, CONNECTING);
        const wire = new Wire(this, process, handlers);
        this.wires.add(wire);
        return {
          buffered: 0,
          send: (frame) => wire.send(frame),
          close: () => {
            wire.abandon();
            this.wires.delete(wire);
          },
        };
      },
      request: (frames, timeoutMs, signal) => sendRequest(this, process, frames, timeoutMs, signal),
    };
  }
}
