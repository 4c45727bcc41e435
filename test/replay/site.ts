/** The phone's page, built against the built package and served on a port of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';
import { builtPackage } from '../support/built-package.ts';

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));

export interface Site {
  readonly address: string;
  close(): Promise<void>;
}

export const serveSite = async (): Promise<Site> => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-replay-'));
  const shared = { root: PAGE, configFile: false, logLevel: 'error' } as const;
  await build({ ...shared, resolve: { alias: builtPackage }, build: { outDir: folder, emptyOutDir: true } });
  const served = await preview({ ...shared, build: { outDir: folder }, preview: { host: '127.0.0.1', port: 0 } });
  return {
    address: served.resolvedUrls!.local[0]!,
    close: async () => {
      await served.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
