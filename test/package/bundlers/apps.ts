/** The files of an app on each bundler: as few as the bundler's own introduction asks for, and nothing about a worker. */

export interface App {
  /** The row of versions.json for the app; default: the app's own name. */
  readonly packages?: string;
  /** Files by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The build command of the app, run in its folder. */
  readonly build?: readonly string[];
  /** The folder served by a web server after the build. */
  readonly served?: string;
  /** The command of the bundler's own server, for apps that are not built; `PORT` stands for the port. */
  readonly serve?: readonly string[];
}

/** Shows a resolved promise and an emitted value of a stream. No server is needed, because everything here works offline. */
export const MAIN = `
import { createReceiptClient } from 'tidemark';
const told = (globalThis.told = []);
const client = createReceiptClient({
  url: 'ws://127.0.0.1:9/receipts',
  userId: 'alice',
  getToken: async () => 'none',
});
client.watchMessages('direct:bob', { limit: 10 }).subscribe((messages) => {
  for (const { body } of messages) told.push('stream: ' + JSON.stringify(body));
});
client.sendMessage('direct:bob', { text: 'ahoy' }).then(
  () => told.push('sent'),
  (error) => told.push(error.code + ': ' + error.message),
);
`;

/** The entry points for an app's own worker and service worker. */
const OWN_WORKER = `import { startReceiptWorker } from 'tidemark/worker';\nstartReceiptWorker();\n`;
const SERVICE_WORKER = `import { installReceiptSync } from 'tidemark/service-worker';
installReceiptSync(self, { url: 'ws://127.0.0.1:9/receipts', getToken: async () => 'none' });\n`;

const html = (script: string): string => `<!doctype html><meta charset="utf-8"><title>app</title>${script}`;
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

export const APPS: Readonly<Record<string, App>> = {
  vite: {
    files: { 'main.js': MAIN, 'index.html': MODULE },
    build: ['vite', 'build', '--logLevel', 'error'],
    served: 'dist',
  },
  'vite dev': {
    packages: 'vite',
    files: { 'main.js': MAIN, 'index.html': MODULE },
    serve: ['vite', '--host', '127.0.0.1', '--port', 'PORT', '--strictPort', '--logLevel', 'error'],
  },
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
  rsbuild: {
    files: { 'src/index.js': MAIN },
    build: ['rsbuild', 'build'],
    served: 'dist',
  },
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
    files: {
      'main.js': MAIN,
      'index.html': MODULE,
      'own-worker.js': OWN_WORKER,
      'service-worker.js': SERVICE_WORKER,
    },
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
  angular: {
    files: {
      'src/main.ts': `// @ts-nocheck\n${MAIN}`,
      'src/index.html': html('<base href="/">'),
      'tsconfig.json': JSON.stringify({
        compilerOptions: { target: 'ES2022', module: 'preserve', moduleResolution: 'bundler', lib: ['ES2022', 'DOM'], skipLibCheck: true },
        files: ['src/main.ts'],
      }),
      'angular.json': JSON.stringify({
        version: 1,
        cli: { analytics: false },
        projects: {
          app: {
            projectType: 'application',
            root: '',
            sourceRoot: 'src',
            architect: {
              build: {
                builder: '@angular/build:application',
                options: { browser: 'src/main.ts', index: 'src/index.html', tsConfig: 'tsconfig.json', outputPath: 'dist' },
              },
            },
          },
        },
      }),
    },
    build: ['ng', 'build'],
    served: 'dist/browser',
  },
  next: {
    files: {
      'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;`,
      'app/page.js': `'use client';
        import { useEffect } from 'react';
        export default function Page() {
          useEffect(() => void import('../main.js'), []);
          return null;
        }`,
      'main.js': MAIN,
      'next.config.mjs': `export default { output: 'export', typescript: { ignoreBuildErrors: true } };`,
    },
    build: ['next', 'build'],
    served: 'out',
  },
};
