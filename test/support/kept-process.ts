/**
 * A program that never outlives this process: however this process ends (normally, by Ctrl-C, by SIGKILL), the
 * program, its children and its folder are removed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A shell watches: its input is a pipe from this process, which closes when this process ends. */
const WATCH = `
"$@" 3>&3 & child=$!
exec 3>&-
cat >/dev/null
kill -TERM $child 2>/dev/null
( sleep 3; kill -KILL $child 2>/dev/null ) &
wait $child 2>/dev/null
trap : TERM
kill -TERM 0
rm -rf -- "$KEPT_FOLDER"
kill -KILL 0
`;

export interface KeptProcess {
  /** A folder of the program's own, empty at the start and removed with the program. */
  readonly folder: string;
  /** The program's output; the third stream has the bytes for descriptor 3. */
  readonly streams: readonly [Readable, Readable, Readable];
  /** Resolves with the first group of `pattern` in the output. @throws {Error} with the whole output, if no match comes. */
  says(pattern: RegExp): Promise<string>;
  /** Resolves when the program, its children and its folder are gone. */
  end(): Promise<void>;
}

/** A slow machine under load needs a third of this to start a browser. */
const SAYS_WITHIN_MS = 60_000;

export const startKept = async (
  /** This function may write files into the folder first. */
  command: (folder: string) => Promise<readonly [string, ...string[]]>,
  env: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<KeptProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-kept-'));
  const [program, ...args] = await command(folder);
  const child = spawn('/bin/sh', ['-c', WATCH, 'sh', program, ...args], {
    // A process group of its own: Ctrl-C reaches this process only, and the program ends after it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env(folder), KEPT_FOLDER: folder },
  });
  // If the shell has ended already, there is nothing left to end.
  child.stdin.on('error', () => undefined);
  const streams = [child.stdout, child.stderr, child.stdio[3] as Readable] as const;
  let said = '';
  for (const stream of streams) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const gone = once(child, 'exit');
  return {
    folder,
    streams,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${program} did not say ${pattern}, but:\n${said}`)), SAYS_WITHIN_MS);
        const look = (): void => {
          const found = pattern.exec(said);
          if (!found) return;
          clearTimeout(timer);
          resolve(found[1] ?? found[0]);
        };
        for (const stream of streams) stream.on('data', look);
        look();
      }),
    end: async () => {
      child.stdin.end();
      await gone;
    },
  };
};

/** A port free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
