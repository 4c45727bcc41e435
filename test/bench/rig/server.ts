/** The receipt server of the bench, and the messages to this server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Amount, Feed, type FedMessage } from '../data/feed.ts';
import { paced } from '../page/pacing.ts';

const SCRIPT = fileURLToPath(new URL('./server.mjs', import.meta.url));
/** Messages on the way to the server's process at once. */
const PER_REQUEST = 5000;

export type ServerKind = 'memory' | 'pglite';

export class BenchServer {
  private requests = 0;
  private readonly waiting = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly kind: ServerKind,
  ) {
    child.on('message', (news: { request: number; error?: string }) => {
      const { resolve, reject } = this.waiting.get(news.request)!;
      this.waiting.delete(news.request);
      if (news.error === undefined) resolve();
      else reject(new Error(news.error));
    });
    child.once('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the receipt server ended'));
    });
  }

  static async start(kind: ServerKind, folder: string, origin: string): Promise<BenchServer> {
    const args = ['--max-old-space-size=8000', SCRIPT, kind, join(folder, 'store'), origin];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (news: { port: number }) => resolve(news.port));
      child.once('exit', (code) => reject(new Error(`the receipt server ended with ${code}`)));
    });
    return new BenchServer(child, port, kind);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/receipts`;
  }

  private ask(what: 'publish' | 'add' | 'restart', messages: readonly FedMessage[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      this.requests++;
      this.waiting.set(this.requests, { resolve, reject });
      this.child.send({ request: this.requests, what, messages });
    });
  }

  /** Receives the whole backlog. The server in memory restarts with it; PGlite gets message after message, which takes long. */
  async backlog(amount: Amount): Promise<{ totalUnread: number }> {
    const feed = new Feed(amount);
    for (let left = amount.messages; left > 0;) {
      const messages = feed.take(Math.min(PER_REQUEST, left));
      left -= messages.length;
      if (this.kind === 'pglite') await this.ask('publish', messages);
      else {
        await this.ask(
          'publish',
          messages.filter(({ seq }) => seq === 1),
        );
        await this.ask(
          'add',
          messages.filter(({ seq }) => seq > 1),
        );
      }
    }
    if (this.kind === 'memory') await this.ask('restart');
    return { totalUnread: feed.totalUnread };
  }

  /** Receives messages at a rate, on top of the backlog. */
  async live({ perSecond, seconds, ...amount }: Amount & { perSecond: number; seconds: number }): Promise<{ beganAt: number }> {
    const feed = new Feed(amount).skipBacklog();
    return { beganAt: await paced(perSecond, seconds, (count) => this.ask('publish', feed.take(count, true))) };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
