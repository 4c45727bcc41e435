/** Server processes that share a PostgreSQL, and one address for all of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import type { TestPostgres } from './test-postgres.ts';

/** A port free a moment ago: a server comes back on the same port. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

/** A server process on a PostgreSQL, see receipt-node.ts. */
export class ReceiptNode {
  private child: ChildProcess | undefined;
  private constructor(
    private readonly args: readonly string[],
    readonly port: number,
  ) {}

  static start(program: string, postgres: TestPostgres, database: string, bus: string): Promise<ReceiptNode> {
    return ReceiptNode.run([program, dirname(postgres.socket), database, bus]);
  }

  /** @param args of Node: a program, and its arguments. The last argument of the program is the port. */
  static async run(args: readonly string[]): Promise<ReceiptNode> {
    const node = new ReceiptNode(args, await freePort());
    await node.start();
    return node;
  }

  /** The id of the process; -1 before its start. */
  get pid(): number {
    return this.child?.pid ?? -1;
  }

  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  async start(): Promise<void> {
    const child = (this.child = spawn(process.execPath, [...this.args, String(this.port)], { stdio: ['ignore', 'pipe', 'ignore'] }));
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('the server did not start');
      }),
    ]);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child || !this.isAlive) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** One address for all servers: a connection goes to the first that takes it, from the next one on. */
export const balance = async (ports: readonly number[]): Promise<Server> => {
  let turn = 0;
  const server = createServer((near) => {
    near.on('error', () => undefined);
    const reach = (left: number): void => {
      if (left === 0) return void near.destroy();
      const far = connect(ports[turn++ % ports.length]!, '127.0.0.1');
      far.once('error', () => (far.connecting || far.bytesRead === 0 ? reach(left - 1) : near.destroy()));
      far.once('connect', () => {
        near.pipe(far).pipe(near);
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
      });
    };
    reach(ports.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};
