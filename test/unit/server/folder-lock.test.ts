import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { type Claim, claimFile, newClaim, openSocket } from '../../../src/server/store/sql/folder/folder-claim.ts';
import { lockFolder } from '../../../src/server/store/sql/folder/folder-lock.ts';

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'tidemark-lock-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const sleepingProcess = async (): Promise<ChildProcess & { pid: number }> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  children.push(child);
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
};

/** Writes the claim of a server with the folder lock. */
const writeClaim = (folder: string, changes: Partial<Claim>): Claim => {
  const claim = { ...newClaim(), holds: true, ...changes };
  writeFileSync(claimFile(folder, claim.token), JSON.stringify(claim));
  return claim;
};

const lockAndRelease = async (folder: string): Promise<void> => (await lockFolder(folder)).release();
/** A server watches a claim known only by its file for this long. */
const BRIEFLY = { watchMs: 1200 };

describe('a folder lock', () => {
  it('a folder lock admits one server at a time, and the next one after a release (F73)', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'store/unavailable',
      message: expect.stringContaining(`held by process ${process.pid}`) as string,
    });
    lock.release();
    await lockAndRelease(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of many servers at once, exactly one gets the folder lock (F73)', async () => {
    const folder = newFolder();
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => lockFolder(folder)));
    const won = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(won).toHaveLength(1);
    for (const lock of won) lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a folder lock is never taken from a living process, and always from a dead one (F73)', async () => {
    const folder = newFolder();
    const holder = await sleepingProcess();
    writeClaim(folder, { pid: holder.pid, started: null });
    for (let i = 0; i < 5; i++) await expect(lockFolder(folder)).rejects.toThrow(`held by process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await lockAndRelease(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a folder lock whose pid belongs to another process by now is taken over (F73)', async () => {
    const folder = newFolder();
    const other = await sleepingProcess();
    writeClaim(folder, { pid: other.pid, started: '1' });
    // Only a system with the start times of processes can tell the two processes apart.
    if (process.platform === 'linux') await lockAndRelease(folder);
    else await expect(lockFolder(folder)).rejects.toThrow('held by process');
  });

  it('a server takes over a lock with its own pid from an earlier life, as after a restart in a container, and a torn file (F73)', async () => {
    const folder = newFolder();
    writeClaim(folder, {});
    await lockAndRelease(folder);
    writeFileSync(claimFile(folder, '0123456789abcdef'), '{"pid":');
    await lockAndRelease(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder lock of a server in another container', () => {
  /** No process with this pid is visible in this container. */
  const elsewhere = { pid: 2 ** 22 + 1, pidNamespace: 'pid:[1]', host: 'the-other-container' } as const;

  it('a server in another container is recognised only by its open socket (F122)', async () => {
    const folder = newFolder();
    const { token } = writeClaim(folder, { ...elsewhere, socket: true });
    const socket = await openSocket(folder, token);
    await expect(lockFolder(folder)).rejects.toThrow(`held by process ${elsewhere.pid} on "the-other-container"`);
    // The other server is killed: the kernel closes its socket, and the file stays.
    socket!.close();
    writeFileSync(join(folder, `server-${token}.sock`), '');
    await lockAndRelease(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a server in another container is recognised by its socket although the path of the folder is longer than a socket address (F122)', async () => {
    const folder = join(newFolder(), 'x'.repeat(90), 'y'.repeat(90));
    mkdirSync(folder, { recursive: true });
    const claim = writeClaim(folder, { ...elsewhere, socket: true });
    const socket = await openSocket(folder, claim.token);
    expect(socket !== undefined).toBe(process.platform === 'linux');
    if (socket) await expect(lockFolder(folder)).rejects.toThrow('held by process');
    socket?.close();
  });

  it('a server on another machine is recognised by its claim file: a touched claim stays, and an old claim is taken over (F122)', async () => {
    const folder = newFolder();
    const { token } = writeClaim(folder, { ...elsewhere, machine: 'another', socket: true });
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

  it('a frozen server notices that another server has taken its folder lock (F122)', { timeout: 20_000 }, async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await expect.poll(() => lock.isLost, { timeout: 15_000 }).toBe(true);
    lock.release();
  });

  const inNamespace = ['-p', '-f', '--mount-proc', '--kill-child'];
  const canUnshare = spawnSync('unshare', [...inNamespace, 'true']).status === 0;

  it.skipIf(!canUnshare)(
    'a folder lock holds between two PID namespaces until its process is killed (F122)',
    { timeout: 60_000 },
    async () => {
      const folder = newFolder();
      const runner = join(import.meta.dirname, '../../support/run-main.mjs');
      const holding = join(import.meta.dirname, '../../support/hold-folder.ts');
      const contend = async (): Promise<{ said: string; end: () => Promise<void> }> => {
        const child = spawn('unshare', [...inNamespace, process.execPath, runner, holding, folder], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
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
    },
  );
});
