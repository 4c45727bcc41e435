/**
 * One server's claim on a folder: a file that names the process, and a socket beside it if the file system
 * has sockets. The file name contains a random token and is never used again, so a server can remove a dead
 * claim without a race.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { close, fstat, open, promises, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The interval at which a server updates the modification time of its claim. */
export const BEAT_MS = 2000;
/** The time for which a server watches a claim that only its modification time can judge. */
const WATCH_MS = 30_000;
const POLL_MS = 500;
/** A claim with an older modification time counts as dead without watching. */
const COLD_MS = 10 * 60_000;
const CONNECT_MS = 2000;
/** The kernel accepts about a hundred bytes as the address of a socket. */
const MAX_ADDRESS_BYTES = 100;

export interface Claim {
  readonly token: string;
  /** Whether the server holds the folder. Otherwise it still asks for the folder. */
  readonly holds: boolean;
  readonly pid: number;
  /**
   * The start time of the process, in the kernel's unit: the kernel may give the pid alone to another process
   * later.
   */
  readonly started: string | null;
  /** The PID namespace (the container). Pids are comparable only within one. */
  readonly pidNamespace: string | null;
  /** The id of the running kernel. Only processes of one kernel can reach each other's sockets. */
  readonly machine: string;
  readonly host: string;
  /** A socket exists beside the claim. */
  readonly socket: boolean;
}

const CLAIM_NAME = /^server-([0-9a-f]{16})\.lock$/;
/** Whether the file belongs to the lock of the folder. */
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

/** The state of a process, as far as the system tells it. */
const lookUp = (pid: number): { readonly dead: boolean; readonly started: string | null } => {
  const stat = readSystem(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return { dead: false, started: null };
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A killed process keeps its pid until its parent collects it, but no longer holds the folder.
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

/** @returns the claim; `undefined` if the file is gone or is no claim. */
export const readClaim = async (folder: string, token: string): Promise<Claim | undefined> => {
  try {
    const value = JSON.parse(await promises.readFile(claimFile(folder, token), 'utf8')) as Partial<Claim> | null;
    return typeof value?.pid === 'number' && typeof value.machine === 'string' ? ({ ...value, token } as Claim) : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Runs `use` with an address of the socket that is short enough for the kernel. @throws if no address is
 * short enough.
 */
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

/**
 * Connects to the claim's socket. The kernel answers for a busy or stopped process too, and never for a dead
 * one.
 */
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
        // EAGAIN: the queue of a holder that accepts no connection now is full. The holder is alive.
        socket.once('error', ({ code }: NodeJS.ErrnoException) =>
          done(code === 'ECONNREFUSED' ? 'refused' : code === 'EAGAIN' ? 'yes' : 'unknown'),
        );
        socket.setTimeout(CONNECT_MS, () => done('unknown'));
      }),
  ).catch(() => 'unknown');

/** @returns the listening socket; `undefined` if the file system has no sockets. */
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
    // A network file system reads the server's copy when a process opens a file; otherwise it may answer from
    // a cache.
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

/**
 * Whether a process still updates the modification time of the claim. Both compared times come from the file
 * system, so no machine's clock decides.
 */
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
 * Whether the claim's process may still run. If neither socket nor pid can tell, the claim is alive as long
 * as its modification time changes.
 *
 * @param mine the claim of this process.
 * @param ownTokens the tokens of all claims of this process.
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
      // After a restart, this process may have the pid of its predecessor.
      if (pid === process.pid) return false;
      try {
        process.kill(pid, 0);
      } catch (error) {
        // EPERM: the process runs for another user.
        if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
      }
      const now = lookUp(pid);
      return !now.dead && (started === null || now.started === null || now.started === started);
    }
  }
  return beats(folder, token, mine.token, watchMs);
};
