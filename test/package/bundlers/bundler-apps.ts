/** One app for each bundler, in each of its usual forms. */
import { type Apps, html, MAIN } from './app.ts';

/** The entry points for an app's own worker and service worker. */
const OWN_WORKER = `import { startReceiptWorker } from 'tidemark/worker';\nstartReceiptWorker();\n`;
const SERVICE_WORKER = `import { installReceiptSync } from 'tidemark/service-worker';
installReceiptSync(self, { url: 'ws://127.0.0.1:9/receipts', getToken: async () => 'none' });\n`;

const MODULE = html('<script type="module" src="main.js"></script>');
const CLASSIC = html('<script defer src="main.js"></script>');

/** A page and its script, which the bundler writes into `dist`. */
const plain = (page = MODULE): Record<string, string> => ({ 'src/main.js': MAIN, 'dist/index.html': page });

/** Two more entries, for bundlers with entries by name. */
const ENTRY_POINTS = { 'src/own-worker.js': OWN_WORKER, 'src/service-worker.js': SERVICE_WORKER };

const webpackLike = (bundler: string, mode: string): string => `
import bundler from '${bundler}';
const { rspack = bundler } = bundler;
rspack(
  { mode: '${mode}', entry: './src/main.js', output: { path: import.meta.dirname + '/dist', filename: 'main.js' } },
  (error, stats) => {
    if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
  },
);`;

const rollup = (more: string): string => `
import resolve from '@rollup/plugin-node-resolve';
import commonjs from '@rollup/plugin-commonjs';
${more}`;

const VITE = { packages: 'vite', files: { 'main.js': MAIN, 'index.html': MODULE } };
const VITE_DEV = ['vite', '--host', '127.0.0.1', '--port', 'PORT', '--strictPort', '--logLevel', 'error'];

const RSBUILD = { packages: 'rsbuild', files: { 'src/index.js': MAIN } };

const PARCEL_FILES = { 'main.js': MAIN, 'index.html': MODULE };

export const BUNDLER_APPS: Apps = {
  vite: {
    ...VITE,
    build: ['vite', 'build', '--logLevel', 'error'],
    served: 'dist',
  },
  'vite, base': {
    ...VITE,
    build: ['vite', 'build', '--base', '/app/', '--outDir', 'dist/app', '--logLevel', 'error'],
    served: 'dist',
    page: 'app/',
  },
  'vite, relative base': {
    ...VITE,
    build: ['vite', 'build', '--base', './', '--outDir', 'dist/anywhere', '--logLevel', 'error'],
    served: 'dist',
    page: 'anywhere/',
  },
  'vite dev': { ...VITE, serve: VITE_DEV },
  'vite dev, base': { ...VITE, serve: [...VITE_DEV, '--base', '/app/'], page: 'app/' },
  webpack: {
    files: { ...plain(CLASSIC), 'build.mjs': webpackLike('webpack', 'production') },
    build: ['node', 'build.mjs'],
    served: 'dist',
  },
  'webpack development': {
    packages: 'webpack',
    files: { ...plain(CLASSIC), 'build.mjs': webpackLike('webpack', 'development') },
    build: ['node', 'build.mjs'],
    served: 'dist',
  },
  rspack: {
    files: { ...plain(CLASSIC), 'build.mjs': webpackLike('@rspack/core', 'production') },
    build: ['node', 'build.mjs'],
    served: 'dist',
  },
  rsbuild: { ...RSBUILD, build: ['rsbuild', 'build'], served: 'dist' },
  'rsbuild dev': { ...RSBUILD, serve: ['rsbuild', 'dev', '--host', '127.0.0.1', '--port', 'PORT'] },
  'esbuild, one file': {
    packages: 'esbuild',
    files: plain(CLASSIC),
    build: ['esbuild', 'src/main.js', '--bundle', '--minify', '--outfile=dist/main.js', '--log-level=error'],
    served: 'dist',
  },
  'esbuild, split': {
    packages: 'esbuild',
    files: { ...plain(), ...ENTRY_POINTS },
    build: [
      'esbuild',
      'src/main.js',
      'src/own-worker.js',
      'src/service-worker.js',
      '--bundle',
      '--minify',
      '--splitting',
      '--format=esm',
      '--outdir=dist',
      '--log-level=error',
    ],
    served: 'dist',
  },
  rollup: {
    files: {
      ...plain(),
      ...ENTRY_POINTS,
      'rollup.config.mjs': rollup(`export default {
        input: ['src/main.js', 'src/own-worker.js', 'src/service-worker.js'],
        output: { dir: 'dist', format: 'es' },
        plugins: [resolve({ browser: true }), commonjs()],
      };`),
    },
    build: ['rollup', '-c', '--silent'],
    served: 'dist',
  },
  'rollup without commonjs': {
    packages: 'rollup',
    files: {
      ...plain(),
      ...ENTRY_POINTS,
      'rollup.config.mjs': rollup(`export default {
        input: ['src/main.js', 'src/own-worker.js', 'src/service-worker.js'],
        output: { dir: 'dist', format: 'es' },
        plugins: [resolve({ browser: true })],
      };`),
    },
    build: ['rollup', '-c', '--silent', '--failAfterWarnings'],
    served: 'dist',
  },
  'rollup, one file': {
    packages: 'rollup',
    files: {
      ...plain(CLASSIC),
      'rollup.config.mjs': rollup(`export default {
        input: 'src/main.js',
        output: { file: 'dist/main.js', format: 'iife', inlineDynamicImports: true },
        plugins: [resolve({ browser: true }), commonjs()],
      };`),
    },
    build: ['rollup', '-c', '--silent'],
    served: 'dist',
  },
  parcel: {
    files: { ...PARCEL_FILES, 'own-worker.js': OWN_WORKER, 'service-worker.js': SERVICE_WORKER },
    build: [
      'parcel',
      'build',
      'index.html',
      'own-worker.js',
      'service-worker.js',
      '--dist-dir',
      'dist',
      '--no-cache',
      '--log-level',
      'error',
    ],
    served: 'dist',
  },
  'parcel dev': {
    packages: 'parcel',
    files: PARCEL_FILES,
    serve: ['parcel', 'index.html', '--host', '127.0.0.1', '--port', 'PORT', '--no-cache', '--log-level', 'error'],
  },
};
