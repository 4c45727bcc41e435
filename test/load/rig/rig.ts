/**
 * What a scenario runs on, all of it real: a PostgreSQL that waits for its disk, a bus, and server processes. The scenario itself is the
 * clients. Everything shares one machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Pool } from 'pg';
import { cpuMsOf } from '../../bench/rig/cpu-time.ts';
import type { ReceiptNode } from '../../support/receipt-nodes.ts';
import { startNats, type TestNats } from '../../support/test-nats.ts';
import { startPostgres, type TestPostgres } from '../../support/test-postgres.ts';
import type { NodeOptions } from './node.ts';
import { rssKib, startNode } from './node-process.ts';

export type BusKind = 'none' | 'nats' | 'postgres';
export type StoreKind = 'memory' | 'pglite' | 'postgres';

/** CPU time in ms. */
export interface Cpu {
  readonly servers: number;
  readonly database: number;
  readonly bus: number;
  readonly clients: number;
}

/** One PostgreSQL and one NATS for all scenarios of a run. Each scenario has a database of its own. */
export class Ground {
  private database: TestPostgres | undefined;
  private natsServer: TestNats | undefined;
  private databases = 0;

  /** @param nodeFlags of each server process, such as `--cpu-prof`. */
  constructor(readonly nodeFlags: readonly string[]) {}

  /** As a host runs it: a commit waits for the disk. Only the sizes of memory and of the log follow the machine. */
  postgres(): TestPostgres {
    return (this.database ??= startPostgres('-c shared_buffers=1GB -c max_wal_size=4GB'));
  }

  async nats(): Promise<TestNats> {
    return (this.natsServer ??= await startNats());
  }

  newDatabase(): string {
    const name = `load_${++this.databases}`;
    this.postgres().createDatabase(name);
    return name;
  }

  async stop(): Promise<void> {
    await this.natsServer?.stop();
    this.database?.stop();
  }
}

interface RigOptions {
  readonly store?: StoreKind;
  readonly nodes?: number;
  readonly bus?: BusKind;
}

export class Rig {
  /** CPU time of processes that have ended. */
  private readonly ended = { servers: 0, database: 0, bus: 0 };

  private constructor(
    readonly nodes: readonly ReceiptNode[],
    /** The database of the nodes, for the data at the beginning; absent if the store is no PostgreSQL. */
    readonly pool: Pool | undefined,
    readonly postgres: TestPostgres | undefined,
    readonly nats: TestNats | undefined,
    private readonly folder: string,
  ) {}

  static async start(ground: Ground, { store = 'postgres', nodes = 1, bus = 'none' }: RigOptions = {}): Promise<Rig> {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-load-'));
    const postgres = store === 'postgres' ? ground.postgres() : undefined;
    const database = postgres && ground.newDatabase();
    const nats = bus === 'nats' ? await ground.nats() : undefined;
    const options: NodeOptions = {
      store: postgres && database !== undefined ? { host: dirname(postgres.socket), database } : store === 'memory' ? store : { folder },
      ...(bus === 'none' ? {} : { bus: nats ? `127.0.0.1:${nats.port}` : 'postgres' }),
    };
    const started = [];
    for (let i = 0; i < nodes; i++) started.push(await startNode(options, ground.nodeFlags));
    return new Rig(started, database === undefined ? undefined : postgres?.pool(database, { max: 2 }), postgres, nats, folder);
  }

  get port(): number {
    return this.nodes[0]!.port;
  }

  /** The memory of all servers. */
  get rssKib(): number {
    return this.nodes.reduce((sum, { pid }) => sum + rssKib(pid), 0);
  }

  cpu(): Cpu {
    const { user, system } = process.cpuUsage();
    return {
      servers: this.ended.servers + this.nodes.reduce((sum, { pid, isAlive }) => sum + (isAlive ? cpuMsOf(pid) : 0), 0),
      database: this.ended.database + (this.postgres ? cpuMsOf(this.postgres.pid) : 0),
      bus: this.ended.bus + (this.nats ? cpuMsOf(this.nats.pid) : 0),
      clients: (user + system) / 1000,
    };
  }

  /** Ends a server as a crash does. */
  async kill(node: ReceiptNode): Promise<void> {
    this.ended.servers += cpuMsOf(node.pid);
    await node.end('SIGKILL');
  }

  /** Breaks all connections to the bus for a while. */
  async bounceBus(awayMs: number): Promise<void> {
    this.ended.bus += cpuMsOf(this.nats!.pid);
    await this.nats!.stop();
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    await this.nats!.start();
  }

  /** Breaks all connections to the database, in the middle of its transactions. */
  restartDatabase(): void {
    this.ended.database += cpuMsOf(this.postgres!.pid);
    this.postgres!.restart();
  }

  async stop(): Promise<void> {
    await this.pool?.end();
    await Promise.all(this.nodes.map((node) => node.end('SIGTERM')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
