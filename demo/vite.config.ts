/** Builds the demo against the built package, as an app builds against the installed one. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, defineConfig, type Plugin, type ResolvedConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SERVICE_WORKER = 'service-worker.js';

const builtFiles = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== SERVICE_WORKER && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

/**
 * Builds the service worker as one file, with a list of all files of the built page and a name of the build.
 */
const serviceWorker = (): Plugin => {
  let config: ResolvedConfig;
  return {
    name: 'tidemark-demo:service-worker',
    apply: 'build',
    configResolved: (resolved) => {
      config = resolved;
    },
    // The list comes from the disk, because the bundle lacks the library's worker and the public files.
    async writeBundle({ dir }) {
      if (!dir) return;
      const files = await builtFiles(dir);
      const hash = createHash('sha256');
      for (const file of files) hash.update(file).update(await readFile(file));
      const urls = files.map((file) => `/${relative(dir, file).split(sep).join('/')}`).map((url) => (url === '/index.html' ? '/' : url));
      await build({
        configFile: false,
        root: config.root,
        publicDir: false,
        logLevel: 'warn',
        resolve: { alias: config.resolve.alias },
        define: { DEMO_BUILD: JSON.stringify({ name: hash.digest('hex').slice(0, 12), urls }) },
        build: {
          outDir: dir,
          emptyOutDir: false,
          target: 'es2022',
          rolldownOptions: {
            input: here('src/service-worker.ts'),
            // A classic script, because some browsers take no module here.
            output: { format: 'iife', entryFileNames: SERVICE_WORKER, codeSplitting: false },
          },
        },
      });
    },
  };
};

export default defineConfig(({ command }) => ({
  root: here('.'),
  resolve: {
    alias: [
      { find: /^tidemark\/inspector$/, replacement: here('../dist/inspector/index.js') },
      { find: /^tidemark$/, replacement: here('../dist/index.js') },
      { find: /^tidemark\/service-worker$/, replacement: here('../dist/service-worker/index.js') },
      { find: /^tidemark\/(compat\/[\w-]+)$/, replacement: here('../dist/$1.js') },
    ],
  },
  // A built page opens offline, whatever NODE_ENV says.
  define: { DEMO_IS_BUILT: JSON.stringify(command === 'build') },
  worker: { format: 'es' },
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [here('index.html'), here('phone.html'), here('inspector.html')] },
  },
  server: {
    // The built package is outside the demo's folder.
    fs: { allow: [here('..')] },
    // The proxy keeps the page's host, so the server sees a page of its own host.
    proxy: {
      '/receipts': { target: 'http://127.0.0.1:8787', ws: true },
      '/dev': { target: 'http://127.0.0.1:8787' },
    },
  },
  plugins: [serviceWorker()],
}));
