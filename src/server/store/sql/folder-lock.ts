/**
 * One server per folder: PGlite itself would let a second one in, and rows acknowledged by the first would be lost (F73).
 *
 * Every server that wants the folder lays its claim into it first and looks at the other claims after that, so that of two servers at
 * least one sees the other. A claim is judged by what the kernel says of its socket, which holds across containers; where there is no
 * socket, by its process, where that can be seen from here; and else by whether the holder still touches it (F122).
 *
 *   lay claim ─► any other claim alive? ── no ──► holds
 *       ▲                 ├─ it holds ──► refused, by name
 *       └─ waits a while ◄┴─ it only asks as well: withdraws
 */
import { promises, rmSync, utimes } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../../errors.ts';
import { BEAT_MS, type Claim, claimFile, isAlive, newClaim, openSocket, readClaim, socketFile, tokenIn } from './folder-claim.ts';

/** Those that ask at the same time withdraw and come back, each after a time of its own. */
const ATTEMPTS = 30;
const MAX_WAIT_MS = 300;

export interface FolderLock {
  /** Another server took the folder: this process was frozen for so long that it counted as dead. */
  readonly isLost: boolean;
  release(): void;
}

export interface FolderLockOptions {
  /** How long a claim that nothing else tells about is watched. Default 30 s. */
  readonly watchMs?: number;
}

const ownTokens = new Set<string>();

const writeClaim = async (folder: string, claim: Claim): Promise<void> => {
  const file = claimFile(folder, claim.token);
  await promises.writeFile(`${file}.new`, JSON.stringify(claim), { mode: 0o600 });
  await promises.rename(`${file}.new`, file); // whole or not at all: no server reads half a claim
};

const removeClaim = (folder: string, token: string): void => {
  rmSync(socketFile(folder, token), { force: true });
  rmSync(claimFile(folder, token), { force: true });
  rmSync(`${claimFile(folder, token)}.new`, { force: true });
};

/** @returns The first other claim that is alive. Dead claims are removed. */
const findOther = async (folder: string, mine: Claim, watchMs: number | undefined): Promise<Claim | undefined> => {
  for (const name of await promises.readdir(folder)) {
    const token = tokenIn(name);
    if (token === undefined || token === mine.token) continue;
    const claim = await readClaim(folder, token);
    if (claim && (await isAlive(folder, claim, mine, ownTokens, watchMs))) return claim;
    removeClaim(folder, token);
  }
  return undefined;
};

const inUse = (folder: string, { pid, host }: Claim): StoreError =>
  new StoreError(
    'store/unavailable',
    `the folder ${folder} is held by process ${pid} on "${host}": one server per folder. Stop that server, or name another folder`,
  );

/** Lays a claim into the folder, and touches it from then on, so that servers of other machines see that it is alive. */
const layClaim = async (folder: string): Promise<FolderLock & { readonly claim: Claim }> => {
  const asking = newClaim();
  const { token } = asking;
  const socket = await openSocket(folder, token);
  const claim: Claim = { ...asking, socket: socket !== undefined };
  const withdraw = (): void => {
    ownTokens.delete(token);
    removeClaim(folder, token);
    socket?.close();
  };
  ownTokens.add(token);
  try {
    await writeClaim(folder, claim);
  } catch (error) {
    withdraw();
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError('store/unavailable', `the folder ${folder} cannot be locked: ${why}`, { cause: error });
  }
  let isLost = false;
  const beat = setInterval(() => {
    const now = new Date();
    utimes(claimFile(folder, token), now, now, (error) => {
      if (error?.code === 'ENOENT' && ownTokens.has(token)) isLost = true;
    });
  }, BEAT_MS).unref();
  return {
    claim,
    get isLost() {
      return isLost;
    },
    release: () => {
      clearInterval(beat);
      withdraw();
    },
  };
};

/** @throws {StoreError} `store/unavailable`, naming the process that holds the folder. */
export const lockFolder = async (folder: string, { watchMs }: FolderLockOptions = {}): Promise<FolderLock> => {
  for (let attempt = 0; ; attempt++) {
    const lock = await layClaim(folder);
    try {
      const other = await findOther(folder, lock.claim, watchMs);
      if (!other) {
        await writeClaim(folder, { ...lock.claim, holds: true });
        return lock;
      }
      if (other.holds || attempt === ATTEMPTS) throw inUse(folder, other);
    } catch (error) {
      lock.release();
      throw error;
    }
    lock.release();
    await sleep(Math.random() * MAX_WAIT_MS);
  }
};
