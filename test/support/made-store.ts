/** A new store, made once for each run: a server needs seconds to make a store, and a moment to copy a store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';
import { MADE_STORE } from './serve.ts';

export default async function makeStore(): Promise<(() => Promise<void>) | undefined> {
  // Another project of the same run has made the store.
  if (process.env[MADE_STORE] !== undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-made-store-'));
  const store = await openPgliteStore(join(folder, 'store'));
  await store.close();
  process.env[MADE_STORE] = join(folder, 'store');
  return () => rm(folder, { recursive: true, force: true });
}
