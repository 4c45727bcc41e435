/** Builds the demo against the built package, as an app that installed it would. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SERVICE_WORKER = 'service-worker.js';

/** Tells the service worker what was built: every file by name, and one name for the whole build. */
const precache = (): Plugin => ({
  name: 'tidemark-demo:precache',
  apply: 'build',
  // On disk rather than in the bundle: the library's worker and the public files are there too.
  async writeBundle({ dir }) {
    if (!dir) return;
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && entry.name !== SERVICE_WORKER && !entry.name.endsWith('.map'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const hash = createHash('sha256');
    for (const file of files) hash.update(file).update(await readFile(file));
    const urls = files.map((file) => `/${relative(dir, file).split(sep).join('/')}`).map((url) => (url === '/index.html' ? '/' : url));
    const code = await readFile(join(dir, SERVICE_WORKER), 'utf8');
    const build = hash.digest('hex').slice(0, 12);
    await writeFile(join(dir, SERVICE_WORKER), `self.demoBuild=${JSON.stringify({ build, urls })};\n${code}`);
  },
});

export default defineConfig({
  root: here('.'),
  resolve: { alias: [{ find: /^tidemark$/, replacement: here('../dist/index.js') }] },
  worker: { format: 'es' },
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: here('index.html'), 'service-worker': here('src/service-worker.ts') },
      output: { entryFileNames: ({ name }) => (name === 'service-worker' ? SERVICE_WORKER : 'assets/[name]-[hash].js') },
    },
  },
  server: {
    // Changes of the built package show at once.
    fs: { allow: [here('..')] },
    proxy: {
      '/receipts': { target: 'http://127.0.0.1:8787', ws: true },
      '/dev': 'http://127.0.0.1:8787',
    },
  },
  plugins: [precache()],
});
