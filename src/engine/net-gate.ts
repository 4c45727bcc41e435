/** The account's one way out of this tab. Shut, it lets nothing more through, whatever is still on its way to it (I-26). */
import { TransportError } from '../errors.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';
import type { Link, LinkHandlers, NetPort } from '../ports/ports.ts';

const DEAD: Link = { send: () => undefined, buffered: 0, close: () => undefined };

export class NetGate implements NetPort {
  private isShut = false;

  constructor(private readonly net: NetPort) {}

  connect(handlers: LinkHandlers): Link {
    return this.isShut ? DEAD : this.net.connect(handlers);
  }

  async request(frames: readonly ClientFrame[], timeoutMs: number, signal?: AbortSignal): Promise<ServerFrame[]> {
    if (this.isShut) throw new TransportError('transport/closed', 'this client is closed; nothing was sent');
    return this.net.request(frames, timeoutMs, signal);
  }

  shut(): void {
    this.isShut = true;
  }
}
