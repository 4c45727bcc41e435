/** The page of the end-to-end tests, built once for each run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage, MADE_PAGE } from '../e2e/site.ts';

export default async function makePage(): Promise<(() => Promise<void>) | undefined> {
  // Another project of the same run has built the page.
  if (process.env[MADE_PAGE] !== undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-app-'));
  process.env[MADE_PAGE] = folder;
  await buildPage(folder);
  return () => rm(folder, { recursive: true, force: true });
}
