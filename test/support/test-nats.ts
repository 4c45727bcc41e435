/** A NATS server of its own for the tests, with the program of the Debian package. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PLACES = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];

/** The program of NATS; `undefined` if there is none. */
export const findNats = (): string | undefined => PLACES.find((place) => existsSync(place));

export const MISSING_NATS = 'NATS is missing: apt-get install nats-server. Its tests did not run';

export interface TestNats {
  readonly port: number;
  /** The id of its process. */
  readonly pid: number;
  /** Ends the process at once: all connections break. */
  stop(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
}

export const startNats = async (): Promise<TestNats> => {
  const program = findNats();
  if (program === undefined) throw new Error(MISSING_NATS);
  let port = -1;
  let running: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-nats-'));
    running = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '--ports_file_dir', folder], { stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
      const [file] = readdirSync(folder);
      const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
      if (text.endsWith('}')) {
        port = Number(new URL((JSON.parse(text) as { nats: string[] }).nats[0]!).port);
        break;
      }
      if (tries > 500 || running.exitCode !== null) throw new Error('the NATS server did not start');
      await pause(20);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await start();
  return {
    get port() {
      return port;
    },
    get pid() {
      return running?.pid ?? -1;
    },
    start,
    stop: async () => {
      const child = running;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
};
