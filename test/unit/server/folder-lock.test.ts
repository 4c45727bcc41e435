import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { type Claim, claimFile, newClaim, openSocket } from '../../../src/server/store/sql/folder-claim.ts';
import { lockFolder } from '../../../src/server/store/sql/folder-lock.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'tidemark-lock-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const sleeper = async (): Promise<ChildProcess & { pid: number }> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  children.push(child);
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
};

/** The claim of a server that holds the folder, as it lies there. */
const layClaim = (folder: string, changes: Partial<Claim>): Claim => {
  const claim = { ...newClaim(), holds: true, ...changes };
  writeFileSync(claimFile(folder, claim.token), JSON.stringify(claim));
  return claim;
};

const takeAndGive = async (folder: string): Promise<void> => (await lockFolder(folder)).release();
/** A claim that only its file tells of is watched this long. */
const BRIEFLY = { watchMs: 1200 };

describe('a folder lock', () => {
  it('lets one in at a time, and the next one after it was released (F73)', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'store/unavailable',
      message: expect.stringContaining(`held by process ${process.pid}`) as string,
    });
    lock.release();
    await takeAndGive(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is given to exactly one of many that ask at once (F73)', async () => {
    const folder = newFolder();
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => lockFolder(folder)));
    const won = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(won).toHaveLength(1);
    for (const lock of won) lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never taken from a living holder, and always from a dead one (F73)', async () => {
    const folder = newFolder();
    const holder = await sleeper();
    layClaim(folder, { pid: holder.pid, started: null });
    for (let i = 0; i < 5; i++) await expect(lockFolder(folder)).rejects.toThrow(`held by process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await takeAndGive(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('knows a pid that was given to another process since (F73)', async () => {
    const folder = newFolder();
    const other = await sleeper();
    layClaim(folder, { pid: other.pid, started: '1' });
    // Only where the system tells when a process started can the two be told apart.
    if (process.platform === 'linux') await takeAndGive(folder);
    else await expect(lockFolder(folder)).rejects.toThrow('held by process');
  });

  it('takes over its own pid left by an earlier life, as after a restart in a container, and a torn file (F73)', async () => {
    const folder = newFolder();
    layClaim(folder, {});
    await takeAndGive(folder);
    writeFileSync(claimFile(folder, '0123456789abcdef'), '{"pid":');
    await takeAndGive(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder lock whose holder is in another container', () => {
  /** No process of this pid can be seen from here. */
  const elsewhere = { pid: 2 ** 22 + 1, pidNamespace: 'pid:[1]', host: 'the-other-container' } as const;

  it('is known by the socket that its holder keeps open, and by nothing else (F122)', async () => {
    const folder = newFolder();
    const { token } = layClaim(folder, { ...elsewhere, socket: true });
    const socket = await openSocket(folder, token);
    await expect(lockFolder(folder)).rejects.toThrow(`held by process ${elsewhere.pid} on "the-other-container"`);
    // The holder is killed: the kernel closes its socket, the file stays.
    socket!.close();
    writeFileSync(join(folder, `server-${token}.sock`), '');
    await takeAndGive(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is known by the socket where the path of the folder is longer than a socket address may be (F122)', async () => {
    const folder = join(newFolder(), 'x'.repeat(90), 'y'.repeat(90));
    mkdirSync(folder, { recursive: true });
    const claim = layClaim(folder, { ...elsewhere, socket: true });
    const socket = await openSocket(folder, claim.token);
    expect(socket !== undefined).toBe(process.platform === 'linux');
    if (socket) await expect(lockFolder(folder)).rejects.toThrow('held by process');
    socket?.close();
  });

  it('on another machine is known by what it touches: a claim that is touched stays, one that is not is taken (F122)', async () => {
    const folder = newFolder();
    const { token } = layClaim(folder, { ...elsewhere, machine: 'another', socket: true });
    const beat = setInterval(() => utimesSync(claimFile(folder, token), new Date(), new Date()), 100);
    try {
      await expect(lockFolder(folder, BRIEFLY)).rejects.toThrow(`held by process ${elsewhere.pid}`);
    } finally {
      clearInterval(beat);
    }
    const began = performance.now();
    (await lockFolder(folder, BRIEFLY)).release();
    expect(performance.now() - began).toBeGreaterThan(BRIEFLY.watchMs);
  });

  it('is lost where another server took it from a holder that was frozen, and its holder knows (F122)', { timeout: 20_000 }, async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await expect.poll(() => lock.isLost, { timeout: 15_000 }).toBe(true);
    lock.release();
  });

  const inNamespace = ['-p', '-f', '--mount-proc', '--kill-child'];
  const canUnshare = spawnSync('unshare', [...inNamespace, 'true']).status === 0;

  it.skipIf(!canUnshare)('holds between two PID namespaces until the holder is killed (F122)', { timeout: 60_000 }, async () => {
    const folder = newFolder();
    const runner = join(import.meta.dirname, '../../support/run-main.mjs');
    const holding = join(import.meta.dirname, '../../support/hold-folder.ts');
    const contend = async (): Promise<{ said: string; end: () => Promise<void> }> => {
      const child = spawn('unshare', [...inNamespace, process.execPath, runner, holding, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const exited = once(child, 'exit');
      const [said] = (await once(createInterface(child.stdout), 'line')) as [string];
      return {
        said,
        end: async () => {
          child.kill('SIGKILL');
          await exited;
        },
      };
    };
    const first = await contend();
    expect(first.said).toBe('held');
    expect((await contend()).said).toMatch(/held by process \d+ on ".*": one server per folder/);
    await expect(lockFolder(folder)).rejects.toThrow('held by process');
    await first.end();
    const next = await contend();
    expect(next.said).toBe('held');
    await next.end();
  });
});
