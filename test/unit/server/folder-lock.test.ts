import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../../src/server/sql/folder-lock.ts';

const newLock = (): string => join(mkdtempSync(join(tmpdir(), 'tidemark-lock-')), 'server.lock');

describe('a folder lock (F73)', () => {
  it('lets one in at a time, and the next one after it was released', () => {
    const file = newLock();
    const release = lockFolder(file);
    expect(() => lockFolder(file)).toThrow(`held by process ${process.pid}`);
    release();
    lockFolder(file)();
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('is never taken from a living holder, and always from a dead one', async () => {
    const file = newLock();
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    await once(holder, 'spawn');
    writeFileSync(file, JSON.stringify({ pid: holder.pid, started: null }));
    for (let i = 0; i < 20; i++) expect(() => lockFolder(file)).toThrow(`held by process ${holder.pid}`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: holder.pid });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const release = lockFolder(file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
    release();
  });

  it('knows a pid that was given to another process since', async () => {
    const file = newLock();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    await once(other, 'spawn');
    writeFileSync(file, JSON.stringify({ pid: other.pid, started: '1' }));
    // Only where the system tells when a process started can the two be told apart.
    if (process.platform === 'linux') lockFolder(file)();
    else expect(() => lockFolder(file)).toThrow('held by process');
    other.kill('SIGKILL');
  });

  it('takes over its own pid left by an earlier life, as after a restart in a container, and a torn file', () => {
    const file = newLock();
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: null }));
    lockFolder(file)();
    writeFileSync(file, '{"pid":');
    lockFolder(file)();
  });
});
