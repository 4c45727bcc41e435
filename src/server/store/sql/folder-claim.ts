/**
 * One server's claim on a folder: a file that names the process, and where the file system allows it a socket beside it. A claim has a
 * name of its own that is never used again, so that a dead claim can be removed without a race.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { close, fstat, open, promises, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A holder touches its claim this often. */
export const BEAT_MS = 2000;
/** A claim that can be judged by nothing else is watched for so long. */
const WATCH_MS = 30_000;
const POLL_MS = 500;
/** A claim that was not touched for so long is not watched any more. */
const COLD_MS = 10 * 60_000;
const CONNECT_MS = 2000;
/** The kernel takes about a hundred bytes for the address of a socket. */
const MAX_ADDRESS_BYTES = 100;

export interface Claim {
  readonly token: string;
  /** The server has the folder. Otherwise it only asks for it. */
  readonly holds: boolean;
  readonly pid: number;
  /** When the process started, in the kernel's words: a pid alone may since have been given to another process. */
  readonly started: string | null;
  /** Pids can be compared only within one PID namespace (one container). */
  readonly pidNamespace: string | null;
  /** Names the running kernel: only processes of one kernel can reach each other's sockets. */
  readonly machine: string;
  readonly host: string;
  /** Whether a socket stands beside the claim. */
  readonly socket: boolean;
}

const CLAIM_NAME = /^server-([0-9a-f]{16})\.lock$/;
/** Files of this kind lie in the folder for the sake of the lock. */
export const isLockFile = (name: string): boolean => /^server(-[0-9a-f]{16})?\.(lock|sock)(\.new)?$/.test(name);
export const tokenIn = (name: string): string | undefined => CLAIM_NAME.exec(name)?.[1];
export const claimFile = (folder: string, token: string): string => join(folder, `server-${token}.lock`);
export const socketFile = (folder: string, token: string): string => join(folder, `server-${token}.sock`);

const readSystem = (read: () => string): string | null => {
  try {
    return read().trim();
  } catch {
    return null;
  }
};

/** What the system tells of a process, where it does. */
const lookUp = (pid: number): { readonly dead: boolean; readonly started: string | null } => {
  const stat = readSystem(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return { dead: false, started: null };
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A killed process keeps its pid until its parent looks: it holds nothing any more.
  return { dead: state === 'Z' || state === 'X', started: rest[18] ?? null };
};

export const newClaim = (): Claim => ({
  token: randomBytes(8).toString('hex'),
  holds: false,
  pid: process.pid,
  started: lookUp(process.pid).started,
  pidNamespace: readSystem(() => readlinkSync('/proc/self/ns/pid')),
  machine: readSystem(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? hostname(),
  host: hostname(),
  socket: false,
});

/** @returns `undefined` for a file that is gone or is no claim. */
export const readClaim = async (folder: string, token: string): Promise<Claim | undefined> => {
  try {
    const value = JSON.parse(await promises.readFile(claimFile(folder, token), 'utf8')) as Partial<Claim> | null;
    return typeof value?.pid === 'number' && typeof value.machine === 'string' ? ({ ...value, token } as Claim) : undefined;
  } catch {
    return undefined;
  }
};

/** Runs `use` with an address of the socket that is short enough for the kernel. @throws where there is none. */
const atAddress = async <T>(folder: string, token: string, use: (path: string) => Promise<T>): Promise<T> => {
  const path = socketFile(folder, token);
  if (Buffer.byteLength(path) <= MAX_ADDRESS_BYTES) return use(path);
  if (process.platform !== 'linux') throw new Error(`${path} is too long for the address of a socket`);
  const directory = await promisify(open)(folder, 'r');
  try {
    return await use(`/proc/self/fd/${directory}/server-${token}.sock`);
  } finally {
    await promisify(close)(directory);
  }
};

type Reached = 'yes' | 'refused' | 'unknown';

/** The kernel answers for the holder: also while the holder is busy or stopped, and never after its death. */
const reach = (folder: string, token: string): Promise<Reached> =>
  atAddress(
    folder,
    token,
    (path) =>
      new Promise<Reached>((resolve) => {
        const socket = connect(path);
        const done = (reached: Reached): void => {
          socket.destroy();
          resolve(reached);
        };
        socket.once('connect', () => done('yes'));
        // A full queue of a holder that does not look (EAGAIN) is a holder.
        socket.once('error', ({ code }: NodeJS.ErrnoException) =>
          done(code === 'ECONNREFUSED' ? 'refused' : code === 'EAGAIN' ? 'yes' : 'unknown'),
        );
        socket.setTimeout(CONNECT_MS, () => done('unknown'));
      }),
  ).catch(() => 'unknown');

/** @returns `undefined` where the file system has no sockets. */
export const openSocket = async (folder: string, token: string): Promise<Server | undefined> => {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await atAddress(folder, token, (path) => once(server.listen({ path, exclusive: true }), 'listening'));
  } catch {
    server.close();
    return undefined;
  }
  server.on('error', () => undefined);
  if ((await reach(folder, token)) === 'yes') return server;
  server.close();
  return undefined;
};

const statFresh = async (file: string): Promise<Stats | undefined> => {
  try {
    // Network file systems look at the server's copy when a file is opened, and may answer from memory otherwise.
    const opened = await promisify(open)(file, 'r');
    try {
      return await promisify(fstat)(opened);
    } finally {
      await promisify(close)(opened);
    }
  } catch {
    return undefined;
  }
};

/** Whether somewhere a holder touches its claim. Both times are the file system's, so no clock of a machine decides. */
const beats = async (folder: string, token: string, own: string, watchMs: number): Promise<boolean> => {
  const first = (await statFresh(claimFile(folder, token)))?.mtimeMs;
  const now = (await statFresh(claimFile(folder, own)))?.mtimeMs;
  if (first === undefined || (now !== undefined && now - first > COLD_MS)) return false;
  for (const until = performance.now() + watchMs; performance.now() < until;) {
    await sleep(POLL_MS);
    const next = (await statFresh(claimFile(folder, token)))?.mtimeMs;
    if (next === undefined) return false;
    if (next !== first) return true;
  }
  return false;
};

/**
 * Whether the claim's process may still be there. A claim that cannot be judged counts as alive for as long as its process touches it.
 *
 * @param mine the claim of the process that asks.
 * @param heldHere the tokens of this process.
 */
export const isAlive = async (
  folder: string,
  claim: Claim,
  mine: Claim,
  ownTokens: ReadonlySet<string>,
  watchMs = WATCH_MS,
): Promise<boolean> => {
  const { token, pid, started } = claim;
  if (ownTokens.has(token)) return true;
  if (claim.machine === mine.machine) {
    const reached = claim.socket ? await reach(folder, token) : 'unknown';
    if (reached !== 'unknown') return reached === 'yes';
    if (claim.pidNamespace === mine.pidNamespace) {
      // After a restart the pid of the process before may be this process's own.
      if (pid === process.pid) return false;
      try {
        process.kill(pid, 0);
      } catch (error) {
        // A process of another user may not be signalled, but it is there.
        if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
      }
      const now = lookUp(pid);
      return !now.dead && (started === null || now.started === null || now.started === started);
    }
  }
  return beats(folder, token, mine.token, watchMs);
};
