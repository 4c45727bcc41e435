/** A real `tidemark serve`, as a process of its own at a port that stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { SignJWT } from 'jose';

const SECRET = 'a-secret-of-the-tests-with-enough-bytes';

export const tokenOf = (user: string): Promise<string> =>
  new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(user).sign(new TextEncoder().encode(SECRET));

export class Served {
  private child: ChildProcess | undefined;

  /** @param words the command line; its first word is the program. */
  constructor(
    private readonly words: readonly string[],
    readonly port: number,
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Resolves when the server is ready. */
  async start(): Promise<void> {
    const [program, ...args] = this.words;
    const child = (this.child = spawn(program!, [...args, '--port', String(this.port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TIDEMARK_JWT_SECRET: SECRET, ...this.env },
    }));
    let said = '';
    for await (const part of child.stdout as AsyncIterable<Buffer>) if ((said += part.toString()).includes('listening on')) return;
    throw new Error(`the server did not start: ${said}`);
  }

  /** @returns the status with which the process has ended. */
  async end(): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    return (await ended)[0];
  }
}
