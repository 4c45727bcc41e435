/**
 * The lock of the store's folder: one server per folder. PGlite itself would let a second server open the
 * database, and confirmed rows of the first would be lost (F73).
 *
 * A server first writes its claim into the folder and then reads the other claims, so of two servers at least
 * one sees the other.
 *
 *   write claim ─► is another claim alive? ── no ──────────────────────► this server holds the folder
 *       ▲              ├─ yes, and its server holds the folder ────────► refused; the error names the other process
 *       └─ random wait ◄─ yes, and its server also only asks: remove the own claim
 *
 * The server judges another claim by the first of these signs with an answer: the claim's socket (the kernel answers,
 * also across containers); the claim's process, if it is visible from here; the modification time of the claim, which
 * its server updates (F122).
 */
import { promises, rmSync, utimes } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../../../errors.ts';
import { BEAT_MS, type Claim, claimFile, isAlive, newClaim, openSocket, readClaim, socketFile, tokenIn } from './folder-claim.ts';

/** Servers that ask at the same time remove their claims, and each tries again after a random wait. */
const ATTEMPTS = 30;
const MAX_WAIT_MS = 300;

export interface FolderLock {
  /**
   * Whether another server took the folder, because this process was frozen for so long that its claim
   * counted as dead.
   */
  readonly isLost: boolean;
  release(): void;
}

export interface FolderLockOptions {
  /** The time for which a server watches a claim that only its modification time can judge. Default 30 s. */
  readonly watchMs?: number;
}

const ownTokens = new Set<string>();

const writeClaim = async (folder: string, claim: Claim): Promise<void> => {
  const file = claimFile(folder, claim.token);
  await promises.writeFile(`${file}.new`, JSON.stringify(claim), { mode: 0o600 });
  await promises.rename(`${file}.new`, file); // a rename is atomic, so no server reads half a claim
};

const removeClaim = (folder: string, token: string): void => {
  rmSync(socketFile(folder, token), { force: true });
  rmSync(claimFile(folder, token), { force: true });
  rmSync(`${claimFile(folder, token)}.new`, { force: true });
};

/** Removes dead claims. @returns the first living claim of another server. */
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

/**
 * Writes a claim into the folder and updates its modification time from then on, so servers of other machines
 * see a living claim.
 */
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

/**
 * Locks the folder for this server. @throws {StoreError} `store/unavailable`; the message names the process
 * that holds the folder.
 */
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
