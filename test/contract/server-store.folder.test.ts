/** The embedded store's folder after its process died without a word. */
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openPgliteStore } from '../../src/server/sql/pglite.ts';
import { messageTo } from './server-harness.ts';
import { cursorOf, pullAll, rowOf, submit, submitOne } from './server-store.ts';

it('holds everything acknowledged, and knows the cursors it gave (F64, F74)', { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-folder-'));
  const living = await openPgliteStore(join(root, 'living'));
  const sent = Array.from({ length: 30 }, (_, i) => messageTo('bob', `m${i}`));
  for (const entry of sent) await submit(living, 'alice', entry);
  const cursor = await cursorOf(living, 'bob');
  // What a disk holds when the process is killed: no checkpoint, no close, the lock still there.
  cpSync(join(root, 'living'), join(root, 'killed'), { recursive: true });
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
