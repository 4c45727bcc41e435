/**
 * The only way from an account in this tab to the network. The gate reads the store before each connection, before the
 * first frame of a connection, and before each request: a tab that missed the hint of a log-out sends nothing. A shut
 * gate lets nothing through (I-26).
 */
import { TransportError } from '../../errors.ts';
import type { ClientFrame, ServerFrame } from '../../protocol/frames.ts';
import type { Link, LinkHandlers, NetPort } from '../../ports/ports.ts';

const DEAD: Link = { send: () => undefined, buffered: 0, close: () => undefined };

export class NetGate implements NetPort {
  private shutForGood = false;
  /** Reads the records of other tabs. Resolves also when the store does not answer. Shuts the gate when the account was logged out. */
  readStore: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly net: NetPort) {}

  connect(handlers: LinkHandlers): Link {
    let link = DEAD;
    let isClosed = false;
    // The tab may freeze between the connect and the open: the gate reads the store again before the caller may send.
    const guarded: LinkHandlers = {
      ...handlers,
      opened: () =>
        void this.readStore().then(() => {
          if (!isClosed && !this.shutForGood) handlers.opened();
        }),
      closed: (code, reason) => {
        isClosed = true;
        handlers.closed(code, reason);
      },
    };
    void this.readStore().then(() => {
      if (!isClosed && !this.shutForGood) link = this.net.connect(guarded);
    });
    return {
      send: (frame) => link.send(frame),
      get buffered() {
        return link.buffered;
      },
      close: () => {
        isClosed = true;
        link.close();
      },
    };
  }

  async request(frames: readonly ClientFrame[], timeoutMs: number, signal?: AbortSignal): Promise<ServerFrame[]> {
    await this.readStore();
    if (signal?.aborted) throw new TransportError('transport/unreachable', 'the request was given up before it was sent');
    if (this.shutForGood) throw new TransportError('transport/closed', 'this client is closed; nothing was sent');
    return this.net.request(frames, timeoutMs, signal);
  }

  get isShut(): boolean {
    return this.shutForGood;
  }

  shut(): void {
    this.shutForGood = true;
  }
}
