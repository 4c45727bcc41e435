/** The real server over the memory store, as a process that can die and a database that can be put back to an older copy. */
import { requireId, type UserId } from '../model/ids.ts';
import { createMemoryStore, type MemoryStore } from '../server/store/memory/memory-store.ts';
import type { MemoryDump } from '../server/store/memory/memory-tables.ts';
import type { PolicyChange } from '../server/policy.ts';
import { createReceiptServer } from '../server/server.ts';
import type { ReceiptServer } from '../server/receipt-server.ts';
import type { ServerStore } from '../server/store/server-store.ts';
import { AuthError } from '../errors.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { encodeFrame } from '../protocol/codec.ts';
import type { Log } from '../logging.ts';
import { asError, Lane, VIRTUAL_EPOCH } from './lane.ts';
import type { NetworkEnd } from './virtual-network.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** `refuse`: nothing is done · `lose`: it is done, and the answer is lost · `die`: done, and the server dies of it. */
export type DatabaseTrouble = 'refuse' | 'lose' | 'die';

/** Whom a token names, and until when (ms since the beginning). */
export interface VirtualToken {
  readonly userId: UserId;
  readonly expiresAt: number | null;
}

const OTHER_VERSION = encodeFrame({ type: 'error', code: 'protocol/version-unsupported', message: 'this server speaks another version' });

const turnAway = (socket: Parameters<ReceiptServer['connect']>[0]): ReturnType<ReceiptServer['connect']> => {
  const refuse = (): void => {
    socket.send(OTHER_VERSION);
    socket.close(CLOSE.versionUnsupported, 'protocol/version-unsupported');
  };
  return {
    receive: refuse,
    receiveUnreadable: refuse,
    closed: () => undefined,
    wake: () => undefined,
    tellPolicy: () => undefined,
    end: (code, reason) => socket.close(code, reason),
    userId: undefined,
    settled: () => Promise.resolve(),
  };
};

export class VirtualServer implements NetworkEnd {
  lane: Lane | null = null;
  private server: ReceiptServer | null = null;
  log: Log = () => undefined;
  private store: MemoryStore;
  private starts = 0;
  private readonly tokens = new Map<string, VirtualToken>();
  trouble: (name: string) => DatabaseTrouble | null = () => null;
  /** How long the database takes for a transaction, ms. */
  latencyMs: () => number = () => 1;
  /** How long its answer is on its way, ms: what was committed later may be known earlier. */
  answerMs: () => number = () => 0;
  /** A transaction that changed something is done. */
  committed: (name: string) => void = () => undefined;
  /** Whether a token that should be good is taken. May throw an `AuthError`, as the app's own `authenticate` does. */
  accepts: (token: VirtualToken) => boolean = () => true;
  /** A version that no client here speaks: each is told so, and nothing is taken. */
  isOtherVersion = false;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: SeededRandom,
    private readonly policy: PolicyChange = { receipts: { groups: true } },
  ) {
    this.store = this.open();
    this.start();
  }

  private open(from?: MemoryDump): MemoryStore {
    // The database's own clock: steady, and nobody else's.
    const now = (): number => VIRTUAL_EPOCH + Math.floor(this.time.now);
    return createMemoryStore({ now, runId: this.random.id(), ...(from ? { from } : {}) });
  }

  /** A new token. */
  token(userId: UserId, expiresAt: number | null = null): string {
    const token = this.random.id();
    this.tokens.set(token, { userId: requireId(userId, 'userId'), expiresAt });
    return token;
  }

  get isUp(): boolean {
    return this.lane !== null;
  }

  start(): void {
    if (this.lane) return;
    const lane = new Lane(this.time, `server${++this.starts}`);
    this.lane = lane;
    this.server = createReceiptServer({
      store: this.watched(lane),
      clock: lane.clock,
      policy: this.policy,
      log: (...record) => this.log(...record),
      authenticate: async (token) => {
        const known = this.tokens.get(token);
        if (!known || !this.accepts(known)) throw new AuthError('auth/forbidden', 'no such token');
        if (known.expiresAt !== null && known.expiresAt <= this.time.now) throw new AuthError('auth/expired', 'the token ended');
        return { userId: known.userId, expiresAt: known.expiresAt === null ? null : VIRTUAL_EPOCH + known.expiresAt };
      },
    });
  }

  /** The process dies, between any two of its steps; what was committed stays. */
  crash(): void {
    this.lane?.kill();
    this.lane = null;
    this.server = null;
  }

  /** The process ends in order: it sends its clients away, to come back spread out. */
  close(): void {
    const { lane, server } = this;
    if (!lane || !server) return;
    this.lane = null;
    this.server = null;
    void server.close().then(() => lane.later(1000, 'is over', () => lane.kill()));
  }

  /** All there is in the database. */
  dump(): MemoryDump {
    return this.store.dump();
  }

  /** The database is an older copy from here on; the server starts anew. */
  restore(copy: MemoryDump): void {
    this.crash();
    this.store = this.open(copy);
    this.start();
  }

  private get running(): ReceiptServer {
    if (!this.server) throw new Error('the server is down');
    return this.server;
  }

  connect(socket: Parameters<ReceiptServer['connect']>[0]): ReturnType<ReceiptServer['connect']> {
    return this.isOtherVersion ? turnAway(socket) : this.running.connect(socket);
  }

  request(body: string): ReturnType<ReceiptServer['request']> {
    return this.isOtherVersion ? Promise.resolve({ status: 400, body: `[${OTHER_VERSION}]` }) : this.running.request(body);
  }

  /** What a host does with groups and policy; for when the server is up. */
  get host(): Pick<ReceiptServer, 'createGroup' | 'addMember' | 'removeMember' | 'publish' | 'setPolicy' | 'revoke'> {
    return this.running;
  }

  /** Each transaction takes its time, and its answer too: between them the server may die. */
  private watched(lane: Lane): ServerStore {
    const inner = this.store;
    const run = <T>(name: string, writes: boolean, body: () => Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        lane.below(this.latencyMs(), `${name} begins`, () => {
          const trouble = writes ? this.trouble(name) : null;
          if (trouble) this.time.note(`${lane.name} ${name}: ${trouble}`);
          if (trouble === 'refuse') return reject(new Error('40001'));
          body().then(
            (result) => {
              if (writes) this.committed(name);
              if (trouble === 'die') {
                this.crash();
                return;
              }
              lane.below(this.answerMs(), `${name} done`, () =>
                trouble === 'lose' ? reject(new Error('connection lost')) : resolve(result),
              );
            },
            (error: unknown) => lane.below(0, `${name} failed`, () => reject(asError(error))),
          );
        });
      });
    return {
      read: (name, body) => run(name, false, () => inner.read(name, body)),
      tx: (name, body) => run(name, true, () => inner.tx(name, body)),
      close: async () => undefined,
    };
  }
}
