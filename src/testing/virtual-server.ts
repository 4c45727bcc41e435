/** The real server over the memory store. A test can kill its process and restore its database from an older copy. */
import { requireId, type UserId } from '../model/ids.ts';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from '../server/store/memory/memory-store.ts';
import type { MemoryDump } from '../server/store/memory/memory-tables.ts';
import { createLocalBus } from '../server/bus/bus.ts';
import type { Directory } from '../server/groups/directory.ts';
import type { PolicyChange } from '../server/policy.ts';
import type { OnMessage } from '../server/push/host-pushes.ts';
import { createReceiptServer } from '../server/server.ts';
import type { ReceiptServer } from '../server/receipt-server.ts';
import type { ServerReadTx, ServerStore } from '../server/store/server-store.ts';
import { AuthError } from '../errors.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { encodeFrame } from '../protocol/codec.ts';
import type { Log } from '../logging.ts';
import { asError, VirtualProcess, VIRTUAL_EPOCH } from './virtual-process.ts';
import type { NetworkEnd } from './virtual-wire.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** `refuse`: nothing is stored · `lose`: stored, but the answer is lost · `die`: stored, and the server dies. */
export type DatabaseTrouble = 'refuse' | 'lose' | 'die';

/** The user of a token, and the token's end in milliseconds since the beginning. */
export interface VirtualToken {
  /** The user. */
  readonly userId: UserId;
  /** Milliseconds since the beginning; null for a token without end. */
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

/** The server of the world: the real one over a store in memory. */
export class VirtualServer implements NetworkEnd {
  process: VirtualProcess | null = null;
  private server: ReceiptServer | null = null;
  /** Takes the log of the server. Default: dropped. */
  log: Log = () => undefined;
  private store: MemoryStore;
  private starts = 0;
  private readonly tokens = new Map<string, VirtualToken>();
  /** Decides about trouble of the database, by the name of a transaction. */
  trouble: (name: string) => DatabaseTrouble | null = () => null;
  /** The duration of a transaction, in milliseconds. */
  latencyMs: () => number = () => 1;
  /** The duration of one call in a transaction, in milliseconds, if the transactions of the database run side by side. */
  statementMs: () => number = () => 1;
  /** The delay of the database's answer, in milliseconds: a later commit may be known earlier. */
  answerMs: () => number = () => 0;
  /** Called after each commit. */
  committed: (name: string) => void = () => undefined;
  /** Returns true if the server accepts a valid token. May throw an `AuthError`, like an app's `authenticate`. */
  accepts: (token: VirtualToken) => boolean = () => true;
  /** True: no connection of the server learns of new changes by a hint. */
  losesHints = false;
  /** True: the server speaks another protocol version and refuses every client. */
  isOtherVersion = false;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: SeededRandom,
    private readonly policy: PolicyChange = { receipts: { groups: true } },
    private readonly directory?: Directory,
    private readonly onMessage?: OnMessage,
    private readonly database: (options: MemoryStoreOptions) => MemoryStore = createMemoryStore,
  ) {
    this.store = this.open();
    this.start();
  }

  private open(from?: MemoryDump): MemoryStore {
    // The clock of the database alone, without any error.
    const now = (): number => VIRTUAL_EPOCH + Math.floor(this.time.now);
    return this.database({ now, runId: this.random.id(), ...(from ? { from } : {}) });
  }

  /** Makes a new token. */
  token(userId: UserId, expiresAt: number | null = null): string {
    const token = this.random.id();
    this.tokens.set(token, { userId: requireId(userId, 'userId'), expiresAt });
    return token;
  }

  /** True while the server answers. */
  get isUp(): boolean {
    return this.process !== null;
  }

  /** Starts the server again after {@link crash}. */
  start(): void {
    if (this.process) return;
    const process = new VirtualProcess(this.time, `server${++this.starts}`);
    this.process = process;
    const bus = createLocalBus();
    this.server = createReceiptServer({
      store: this.watched(process),
      clock: process.clock,
      bus: { ...bus, publish: (hint) => void (this.losesHints || bus.publish(hint)) },
      policy: this.policy,
      ...(this.directory ? { directory: this.directory } : {}),
      ...(this.onMessage ? { onMessage: this.onMessage } : {}),
      log: (...record) => this.log(...record),
      authenticate: async (token) => {
        const known = this.tokens.get(token);
        if (!known || !this.accepts(known)) throw new AuthError('auth/forbidden', 'no such token');
        if (known.expiresAt !== null && known.expiresAt <= this.time.now) throw new AuthError('auth/expired', 'the token ended');
        return { userId: known.userId, expiresAt: known.expiresAt === null ? null : VIRTUAL_EPOCH + known.expiresAt };
      },
    });
  }

  /** Kills the process between two steps. Commits stay. */
  crash(): void {
    this.process?.kill();
    this.process = null;
    this.server = null;
  }

  /** Ends the process in order: the server asks its clients to come back, spread over time. */
  close(): void {
    const { process, server } = this;
    if (!process || !server) return;
    this.process = null;
    this.server = null;
    void server.close().then(() => process.later(1000, 'is over', () => process.kill()));
  }

  /** A copy of the database. */
  dump(): MemoryDump {
    return this.store.dump();
  }

  /** Replaces the database by an older copy and starts the server again. */
  restore(copy: MemoryDump): void {
    this.crash();
    this.store = this.open(copy);
    this.start();
  }

  private get running(): ReceiptServer {
    if (!this.server) throw new Error('the server is down');
    return this.server;
  }

  /** Opens a connection; a device of the world does this by itself. */
  connect(socket: Parameters<ReceiptServer['connect']>[0]): ReturnType<ReceiptServer['connect']> {
    return this.isOtherVersion ? turnAway(socket) : this.running.connect(socket);
  }

  /** Answers an HTTP request; a device of the world does this by itself. */
  request(body: string): ReturnType<ReceiptServer['request']> {
    return this.isOtherVersion ? Promise.resolve({ status: 400, body: `[${OTHER_VERSION}]` }) : this.running.request(body);
  }

  /** The host's calls about groups and policy. The server must run. */
  get host(): Pick<ReceiptServer, 'createGroup' | 'addMember' | 'removeMember' | 'countsChanged' | 'publish' | 'setPolicy' | 'revoke'> {
    return this.running;
  }

  /** Delays each transaction and its answer: the server may die in between. */
  private watched(process: VirtualProcess): ServerStore {
    const pool = this.store.pool?.();
    if (pool) process.onEnd(() => pool.rollBack());
    const inner = pool ? this.inSteps(process, pool.store) : this.store;
    const { merged, atOnce } = inner;
    const run = <T>(name: string, writes: boolean, body: () => Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        process.below(this.latencyMs(), `${name} begins`, () => {
          const trouble = writes ? this.trouble(name) : null;
          if (trouble) this.time.note(`${process.name} ${name}: ${trouble}`);
          if (trouble === 'refuse') return reject(new Error('40001'));
          body().then(
            (result) => {
              if (writes) this.committed(name);
              if (trouble === 'die') {
                this.crash();
                return;
              }
              process.below(this.answerMs(), `${name} done`, () =>
                trouble === 'lose' ? reject(new Error('connection lost')) : resolve(result),
              );
            },
            (error: unknown) => process.below(0, `${name} failed`, () => reject(asError(error))),
          );
        });
      });
    return {
      ...(atOnce && { atOnce }),
      read: (name, body) => run(name, false, () => inner.read(name, body)),
      tx: (name, body) => run(name, true, () => inner.tx(name, body)),
      ...(merged && {
        merged: {
          read: (bodies) => run('merged read', false, () => merged.read(bodies)),
          tx: (bodies) => run('submit', true, () => merged.tx(bodies)),
        },
      }),
      close: async () => undefined,
    };
  }

  /** The store, with time between the calls of a transaction: transactions of other users run in between. */
  private inSteps(process: VirtualProcess, store: ServerStore): ServerStore {
    const step = <T>(call: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        process.below(this.statementMs(), 'statement', () => void call().then(resolve, reject));
      });
    const slow = <Tx extends ServerReadTx>(tx: Tx): Tx =>
      Object.fromEntries(
        Object.entries(tx).map(([name, part]: [string, unknown]) => [
          name,
          typeof part === 'function'
            ? (...args: unknown[]) => step(() => (part as (...all: unknown[]) => Promise<unknown>)(...args))
            : part,
        ]),
      ) as unknown as Tx;
    const { merged } = store;
    return {
      ...store,
      read: (name, body) => store.read(name, (tx) => body(slow(tx))),
      tx: (name, body) => store.tx(name, (tx) => body(slow(tx))),
      ...(merged && {
        merged: {
          read: (bodies) => merged.read(bodies.map((body) => (tx) => body(slow(tx)))),
          tx: (bodies) => merged.tx(bodies.map((body) => (tx) => body(slow(tx)))),
        },
      }),
    };
  }
}
