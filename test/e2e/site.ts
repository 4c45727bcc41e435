/** The page of the app, built against the built package. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview, type PreviewServer } from 'vite';
import { builtPackage } from '../support/built-package.ts';
import { INSECURE_HOST } from '../support/real-browser.ts';

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
/** The environment variable with the folder in which the page was built for this run (see made-page.ts). */
export const MADE_PAGE = 'TIDEMARK_MADE_PAGE';

const shared = { root: PAGE, configFile: false, logLevel: 'error' } as const;

export const buildPage = async (folder: string): Promise<void> => {
  const resolve = { alias: builtPackage };
  await build({ ...shared, resolve, build: { outDir: folder, emptyOutDir: true, minify: false } });
  await build({
    ...shared,
    resolve,
    build: {
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input: join(PAGE, 'service-worker.ts'),
        output: { format: 'iife', entryFileNames: 'service-worker.js', codeSplitting: false },
      },
    },
  });
};

/** @throws {Error} outside a run with a built page. */
const builtPage = (): string => {
  const folder = process.env[MADE_PAGE];
  if (folder === undefined) throw new Error(`${MADE_PAGE} is not set: made-page.ts builds the page`);
  return folder;
};

/** Serves the page on a port of its own. */
export const servePage = (): Promise<PreviewServer> =>
  preview({ ...shared, build: { outDir: builtPage() }, preview: { host: '127.0.0.1', port: 0, allowedHosts: [INSECURE_HOST] } });

/** Adds a file beside the page. */
export const addToPage = (name: string, content: string): Promise<void> => writeFile(join(builtPage(), name), content);
