/** `tidemark serve --dev` as a process of its own, from the built package, on a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PolicyChange } from '../../src/server/policy.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** The environment variable with the folder of a new store, which each server copies (see made-store.ts). */
export const MADE_STORE = 'TIDEMARK_MADE_STORE';
const READY_WITHIN_MS = 60_000;

/** A port free a moment ago: a server must come back on the same port after a kill. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

export class ServedReceipts {
  #child: ChildProcess | undefined;
  #printed = '';

  private constructor(
    readonly port: number,
    readonly folder: string,
    private readonly args: readonly string[],
  ) {}

  /** Resolves when the server accepts clients. @param args more of the command line, such as `--allow-origin`. */
  static async start(args: readonly string[] = []): Promise<ServedReceipts> {
    await access(CLI).catch(() => {
      throw new Error('dist/cli/main.js is not there; run npm run build first');
    });
    const served = new ServedReceipts(await freePort(), await mkdtemp(join(tmpdir(), 'tidemark-serve-')), args);
    const made = process.env[MADE_STORE];
    if (made !== undefined) await cp(made, join(served.folder, 'data', 'store'), { recursive: true });
    await served.start();
    return served;
  }

  /** The URL for clients without a proxy. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}/receipts`;
  }

  /** Starts the server on the same folder and port as before. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      [CLI, 'serve', '--dev', '--port', String(this.port), '--data', join(this.folder, 'data'), ...this.args],
      { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    this.#printed = '';
    // If the test run ends early, the server ends too.
    const orphaned = (): void => void child.kill('SIGKILL');
    process.once('exit', orphaned);
    child.once('exit', () => process.off('exit', orphaned));
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`tidemark serve ${why}:\n${this.#printed}`));
      const timer = setTimeout(() => fail('did not start'), READY_WITHIN_MS);
      const read = (chunk: Buffer): void => {
        this.#printed += chunk.toString();
        if (!/listening on/.test(this.#printed)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      });
    });
  }

  /** The output of the running process so far. */
  get printed(): string {
    return this.#printed;
  }

  /** Kills the server with SIGKILL: nothing is closed, nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends the process and removes its folder. */
  async remove(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }

  async token(userId: string): Promise<string> {
    return ((await this.#dev('token', { userId })) as { token: string }).token;
  }

  /** Creates the group, unless the group exists. */
  async createGroup(groupId: string): Promise<void> {
    await this.#dev('group', { groupId, members: [] });
  }

  async addMember(groupId: string, userId: string): Promise<void> {
    await this.#dev('member', { groupId, userId });
  }

  async removeMember(groupId: string, userId: string): Promise<void> {
    await this.#dev('member', { groupId, userId, role: null });
  }

  async setPolicy(change: PolicyChange): Promise<void> {
    await this.#dev('policy', change);
  }

  /** @throws {Error} with the server's answer, if the server refuses. */
  async #dev(what: string, body: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}/dev/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`/dev/${what} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const stubborn = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(stubborn);
  }
}
