/** The folder of the embedded store after a kill of its process, and folders with damage or without a store. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { signOfFirstStart } from '../../src/server/store/sql/folder/folder-check.ts';
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';
import { messageTo } from './server-harness.ts';
import { cursorOf, pullAll, rowOf, submit, submitOne } from './server-store.ts';

const RUNNER = join(import.meta.dirname, '../support/run-main.mjs');

/** Copies a folder as a backup does, without its sockets. */
const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });

it('after a kill, the store has every confirmed message and knows its earlier cursors (F64, F74)', { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-folder-'));
  const living = await openPgliteStore(join(root, 'living'));
  const sent = Array.from({ length: 30 }, (_, i) => messageTo('bob', `m${i}`));
  for (const entry of sent) await submit(living, 'alice', entry);
  const cursor = await cursorOf(living, 'bob');
  // The state of the disk after a kill: no checkpoint, no close, and the lock still there.
  copy(join(root, 'living'), join(root, 'killed'));
  await living.close();

  const store = await openPgliteStore(join(root, 'killed'));
  try {
    expect(await rowOf(store, 'bob', 'alice')).toMatchObject({ latestSeq: 30, lastMessage: { id: 'm29' } });
    expect(await pullAll(store, 'bob', cursor)).toMatchObject([{ from: cursor, rows: [], complete: true }]);
    for (const [i, result] of (await submit(store, 'alice', ...sent)).entries()) expect(result).toMatchObject({ message: { seq: i + 1 } });
    expect(await submitOne(store, 'alice', messageTo('bob', 'next'))).toMatchObject({ message: { seq: 31 } });
  } finally {
    await store.close();
  }
});

/** Every file and folder with its content. */
const contentOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isDirectory() ? 'folder' : createHash('sha1').update(readFileSync(path)).digest('hex')];
    }),
  );

describe('a folder without a complete store is refused by name, and nothing in the folder changes', { timeout: 200_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-damage-'));
  const whole = join(root, 'whole');
  let damaged = '';
  let n = 0;
  /** A copy without the tables, which only PostgreSQL reads. */
  const light = join(root, 'light');
  beforeAll(async () => {
    await (await openPgliteStore(whole)).close();
    cpSync(whole, light, { recursive: true, filter: (path) => !/pg\/base\/.*\/\d/.test(path) });
  }, 60_000);
  afterEach(() => rmSync(damaged, { recursive: true, force: true }), 60_000);
  afterAll(() => rmSync(root, { recursive: true }), 60_000);

  const refused = async (damage: (pg: string) => void): Promise<{ code: string; message: string }> => {
    damaged = join(root, `damaged-${++n}`);
    copy(light, damaged);
    damage(join(damaged, 'pg'));
    const [before, mode] = [contentOf(damaged), statSync(damaged).mode];
    const error: unknown = await openPgliteStore(damaged).then(
      () => new Error('it opened'),
      (reason: unknown) => reason,
    );
    expect(contentOf(damaged)).toEqual(before);
    expect(statSync(damaged).mode).toBe(mode);
    return error as { code: string; message: string };
  };
  const segmentOf = (pg: string): string =>
    join(
      pg,
      'pg_wal',
      readdirSync(join(pg, 'pg_wal')).find((name) => /^[0-9A-F]{24}$/.test(name))!,
    );

  it.each<[string, (pg: string) => void, string]>([
    ['no PG_VERSION (F122)', (pg) => rmSync(join(pg, 'PG_VERSION')), 'the file "PG_VERSION" is missing'],
    [
      'only a file of another kind',
      (pg) => (rmSync(pg, { recursive: true }), mkdirSync(pg), writeFileSync(join(pg, 'photo.jpg'), 'x')),
      'is missing',
    ],
    ['an empty PG_VERSION', (pg) => writeFileSync(join(pg, 'PG_VERSION'), ''), 'PG_VERSION holds ""'],
    ['a garbled PG_VERSION', (pg) => writeFileSync(join(pg, 'PG_VERSION'), '\u0000\u0007'), 'is damaged: PG_VERSION holds'],
    ['no pg_control', (pg) => rmSync(join(pg, 'global/pg_control')), 'the file "global/pg_control" is missing'],
    ['a short pg_control', (pg) => truncateSync(join(pg, 'global/pg_control'), 100), '"global/pg_control" has 100 bytes instead of 8192'],
    [
      'a garbled pg_control',
      (pg) => writeFileSync(join(pg, 'global/pg_control'), Buffer.alloc(8192, 7)),
      '"global/pg_control" is of version',
    ],
    [
      'a pg_control with one wrong bit (F122)',
      (pg) => {
        const bytes = readFileSync(join(pg, 'global/pg_control'));
        bytes[100]! ^= 1;
        writeFileSync(join(pg, 'global/pg_control'), bytes);
      },
      'the checksum of "global/pg_control" is wrong',
    ],
    ['no log (F122)', (pg) => rmSync(segmentOf(pg)), 'of its log is missing'],
    ['a short log', (pg) => truncateSync(segmentOf(pg), 100), 'of its log has 100 bytes instead of 16777216'],
    ['a garbled log', (pg) => writeFileSync(segmentOf(pg), Buffer.alloc(16 * 1024 * 1024, 7)), 'holds no log'],
    ['no folder of tables', (pg) => rmSync(join(pg, 'base'), { recursive: true }), 'the folder "base" is missing'],
    [
      'a copy without its empty folders',
      (pg) => rmSync(join(pg, 'pg_twophase'), { recursive: true }),
      'the folder "pg_twophase" is missing',
    ],
    ['no settings', (pg) => rmSync(join(pg, 'postgresql.conf')), 'the file "postgresql.conf" is missing'],
    ['a file in the place of the database', (pg) => (rmSync(pg, { recursive: true }), writeFileSync(pg, 'x')), 'is no folder'],
    [
      'a store that was renamed',
      (pg) => (cpSync(pg, `${pg}.bak`, { recursive: true }), rmSync(pg, { recursive: true })),
      'holds no store, but other files: pg.bak',
    ],
    [
      'an older PostgreSQL',
      (pg) => writeFileSync(join(pg, 'PG_VERSION'), '17\n'),
      'was written by PostgreSQL 17, this server has PostgreSQL 18',
    ],
  ])('the store refuses a folder with %s, names the damage, and changes nothing', async (_name, damage, says) => {
    const { code, message } = await refused(damage);
    expect([code, message]).toEqual(['store/unavailable', expect.stringContaining(says)]);
    expect(message).toContain(damaged);
    expect(message).toContain('Nothing was changed.');
  });

  it('a folder of a newer PostgreSQL has an error code of its own (F122)', async () => {
    expect(await refused((pg) => writeFileSync(join(pg, 'PG_VERSION'), '19\n'))).toMatchObject({ code: 'store/version-ahead' });
  });

  it('a file in the place of the folder is refused, and so is a folder below a file (F122)', async () => {
    writeFileSync(join(root, 'file'), 'x');
    for (const place of [join(root, 'file'), join(root, 'file', 'below')])
      await expect(openPgliteStore(place)).rejects.toMatchObject({
        code: 'store/unavailable',
        message: expect.stringContaining(`the store's folder ${place} cannot be used`) as string,
      });
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('x');
  });

  it('damage found only by PostgreSQL ends in the same error (F122)', { timeout: 30_000 }, async () => {
    damaged = join(root, 'deep');
    copy(whole, damaged);
    writeFileSync(join(damaged, 'pg/global/pg_filenode.map'), Buffer.alloc(512, 7));
    await expect(openPgliteStore(damaged)).rejects.toMatchObject({
      code: 'store/unavailable',
      message: expect.stringMatching(/does not start .*some of its files are damaged/) as string,
    });
  });

  it('a folder with a killed first start counts as empty, and the next start begins anew (F122)', async () => {
    const folder = join(root, 'killed');
    const child = spawn(process.execPath, [RUNNER, join(import.meta.dirname, '../support/open-folder.ts'), folder]);
    const ended = once(child, 'exit');
    await expect.poll(() => existsSync(join(folder, 'pg/base')), { timeout: 150_000, interval: 5 }).toBe(true);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(signOfFirstStart(folder))).toBe(true);
    await (await openPgliteStore(folder)).close();
    expect(readdirSync(folder)).toEqual(['pg']);
  });
});
