/** Engine and server in one process: real frames as text, without sockets, over a network that the test can cut. */
import { firstValueFrom, type Observable, filter, timeout } from 'rxjs';
import { Engine } from '../../src/engine/engine.ts';
import { TransportError } from '../../src/errors.ts';
import type { IntentCall, Intents, Queries, QueryCall } from '../../src/model/intents.ts';
import type { Topic, TopicValue } from '../../src/model/topic.ts';
import type {
  BusHint,
  Cancel,
  LifeEvent,
  LinkHandlers,
  LockPort,
  LockRequest,
  NetPort,
  Ports,
  StorePort,
  TokenPort,
} from '../../src/ports/ports.ts';
import { decodeServerFrame, decodeServerFrames, encodeFrame } from '../../src/protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../../src/protocol/frames.ts';
import { createMemoryStore as createServerMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { createMemoryStore, MemoryDisk } from '../../src/store/memory-store.ts';
import { browserClock } from '../../src/platform/browser-ports.ts';

/** Tokens name their user: `token-of-alice`. */
export const createTestServer = (store: ServerStore | Promise<ServerStore> = createServerMemoryStore()): ReceiptServer =>
  createReceiptServer({
    store,
    policy: { receipts: { groups: true } },
    authenticate: (token) =>
      token.startsWith('token-of-') ? Promise.resolve({ userId: token.slice(9) }) : Promise.reject(new Error('no such token')),
  });

/** A frame or request that crossed, for tests that count. */
export interface Crossing {
  readonly from: 'client' | 'server';
  readonly frame: ClientFrame | ServerFrame;
}

export class LoopbackNet implements NetPort {
  readonly crossings: Crossing[] = [];
  /** While true no socket opens, as behind a proxy that removes the upgrade header; HTTP works. */
  noSockets = false;
  /** The requests to the HTTP endpoint. */
  readonly requests: (readonly ClientFrame[])[] = [];
  private down = false;
  private readonly open = new Set<() => void>();
  private readonly silently = new Set<() => void>();

  constructor(public server: ReceiptServer) {}

  /** Drops every connection and refuses new ones. */
  cut(): void {
    this.down = true;
    for (const drop of [...this.open]) drop();
  }

  heal(): void {
    this.down = false;
  }

  /** The present connections go dead without an event; new ones work. */
  loseSilently(): void {
    for (const lose of [...this.silently]) lose();
  }

  sent<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.crossings.flatMap(({ from, frame }) =>
      from === 'client' && frame.type === type ? [frame as Extract<ClientFrame, { type: T }>] : [],
    );
  }

  connect(handlers: LinkHandlers) {
    let alive = true;
    const finish = (code: number, reason: string): void => {
      if (!alive) return;
      alive = false;
      this.open.delete(drop);
      this.silently.delete(lose);
      connection?.closed();
      setTimeout(() => handlers.closed(code, reason));
    };
    const drop = (): void => finish(1006, 'cut');
    const lose = (): void => {
      this.silently.delete(lose);
      alive = false;
      connection?.closed();
    };
    const connection =
      this.down || this.noSockets
        ? undefined
        : this.server.connect({
            buffered: 0,
            send: (text) => {
              const frame = decodeServerFrame(text);
              setTimeout(() => {
                if (!alive) return;
                this.crossings.push({ from: 'server', frame });
                handlers.frame(frame);
              });
            },
            close: (code, reason) => setTimeout(() => finish(code, reason)),
          });
    if (connection) {
      this.open.add(drop);
      this.silently.add(lose);
      setTimeout(() => alive && handlers.opened());
    } else setTimeout(drop);
    return {
      buffered: 0,
      send: (frame: ClientFrame) => {
        if (!alive) return;
        this.crossings.push({ from: 'client', frame });
        setTimeout(() => alive && connection?.receive(encodeFrame(frame)));
      },
      close: () => {
        alive = false;
        this.open.delete(drop);
        this.silently.delete(lose);
        connection?.closed();
      },
    };
  }

  async request(frames: readonly ClientFrame[], _timeoutMs?: number, signal?: AbortSignal): Promise<ServerFrame[]> {
    if (this.down) throw new TransportError('transport/unreachable', 'cut');
    this.requests.push(frames);
    const cut = new Promise<never>((_resolve, reject) => {
      const drop = (): void => {
        this.open.delete(drop);
        reject(new TransportError('transport/unreachable', 'cut'));
      };
      this.open.add(drop);
      signal?.addEventListener('abort', drop);
    });
    const { body } = await Promise.race([this.server.request(JSON.stringify(frames)), cut]);
    signal?.throwIfAborted();
    return decodeServerFrames(body);
  }
}

/** One lock, for any name; `isMissing` as in a browser without Web Locks. */
export class TestLocks implements LockPort {
  isMissing = false;
  private readonly line: { onGranted: () => void; onLost: () => void }[] = [];

  acquire(_name: string, { steal = false, onGranted, onLost, onMissing, onTaken }: LockRequest): Cancel {
    let over = false;
    const tell = (fn: () => void): void => void setTimeout(() => over || fn());
    if (this.isMissing) {
      tell(onMissing);
      return () => (over = true);
    }
    const request = { onGranted: () => tell(onGranted), onLost: () => tell(onLost) };
    if (steal) {
      this.line.shift()?.onLost();
      this.line.unshift(request);
    } else if (onTaken && this.line.length > 0) {
      tell(onTaken);
      return () => (over = true);
    } else this.line.push(request);
    if (this.line[0] === request) request.onGranted();
    return () => {
      over = true;
      const at = this.line.indexOf(request);
      if (at < 0) return;
      this.line.splice(at, 1);
      if (at === 0) this.line[0]?.onGranted();
    };
  }
}

/** One browser profile of one account: a disk, and the state that its tabs share. */
export class TestDevice {
  readonly disk = new MemoryDisk();
  private readonly hears = new Set<(hint: BusHint) => void>();
  readonly locks = new TestLocks();
  private ids = 0;
  readonly tabs: TestTab[] = [];
  token: string;
  /** Called for every hint between the tabs of this device. */
  heard: () => void = () => undefined;

  constructor(
    readonly userId: string,
    readonly net: LoopbackNet,
    readonly name = 'phone',
  ) {
    this.token = `token-of-${userId}`;
  }

  ports(store: StorePort = createMemoryStore(this.disk, 'durable')): Ports {
    // Each tab gets the hints of the others, and not its own.
    const own = new Set<(hint: BusHint) => void>();
    const life = new Set<(event: LifeEvent) => void>();
    return {
      clock: browserClock,
      random: { next: () => Math.random(), id: () => `${this.userId}-${this.name}-${++this.ids}` },
      store,
      net: this.net,
      locks: this.locks,
      bus: {
        post: (hint) => {
          this.heard();
          for (const hear of this.hears) if (!own.has(hear)) setTimeout(() => hear(hint));
        },
        listen: (fn) => {
          own.add(fn);
          this.hears.add(fn);
          return () => this.hears.delete(fn);
        },
      },
      life: {
        listen: (fn) => {
          life.add(fn);
          return () => life.delete(fn);
        },
      },
      token: { getToken: () => Promise.resolve(this.token) },
      fault: () => undefined,
      log: () => undefined,
    };
  }

  async open(
    settings: { deliveryReceipts?: boolean; readReceipts?: boolean } = {},
    store?: StorePort,
    token?: TokenPort,
  ): Promise<TestTab> {
    const ports = this.ports(store);
    const engine = await Engine.open(
      { ...ports, ...(token ? { token } : {}) },
      { userId: this.userId, deviceId: `${this.userId}-${this.name}` },
      'lock',
      settings,
    );
    const tab = new TestTab(engine);
    this.tabs.push(tab);
    return tab;
  }
}

export class TestTab {
  constructor(readonly engine: Engine) {}

  do<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return this.engine.intent({ do: name, args } as IntentCall) as Promise<ReturnType<Intents[K]>>;
  }

  ask<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return this.engine.query({ do: name, args } as QueryCall) as Promise<ReturnType<Queries[K]>>;
  }

  say(peer: string, text: string, more: { id?: string; requestReceipt?: boolean; countable?: boolean } = {}) {
    return this.do('sendMessage', `direct:${peer}`, { body: JSON.stringify(text), ...more });
  }

  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.engine.watch(topic);
  }

  now<T extends Topic>(topic: T): Promise<TopicValue[T['of']]> {
    return firstValueFrom(this.watch(topic));
  }

  until<T extends Topic>(topic: T, accepts: (value: TopicValue[T['of']]) => boolean, ms = 5000): Promise<TopicValue[T['of']]> {
    return firstValueFrom(this.watch(topic).pipe(filter(accepts), timeout(ms)));
  }

  live(): Promise<unknown> {
    return this.until({ of: 'connection' }, ({ state }) => state === 'live', 20_000);
  }

  close(): void {
    void this.engine.close();
  }
}
