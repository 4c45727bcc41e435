/** One app for each framework with a bundler of its own, built and on the framework's server for development. */
import { type App, type Apps, html, MAIN } from './app.ts';

export const ANGULAR: App = {
  packages: 'angular',
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
              configurations: { development: { optimization: false } },
            },
            serve: { builder: '@angular/build:dev-server', options: { buildTarget: 'app:build:development' } },
          },
        },
      },
    }),
  },
};

/** The server renders the page too: the client of MAIN is created there, and in the browser. */
const NEXT: App = {
  packages: 'next',
  files: {
    'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;`,
    'app/page.js': `'use client';\nimport '../main.js';\nexport default () => <p>rendered</p>;`,
    'main.js': MAIN,
    'next.config.mjs': `export default { output: 'export', typescript: { ignoreBuildErrors: true } };`,
  },
};

export const SVELTEKIT: App = {
  packages: 'sveltekit',
  files: {
    'svelte.config.js': `import adapter from '@sveltejs/adapter-node';\nexport default { kit: { adapter: adapter() } };`,
    'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()], logLevel: 'error' };`,
    'src/app.html': html('%sveltekit.head%<body><div>%sveltekit.body%</div></body>'),
    'src/routes/+page.svelte': `<script>import '../main.js';</script><p>rendered</p>`,
    'src/main.js': MAIN,
  },
};

export const NUXT: App = {
  packages: 'nuxt',
  files: {
    'nuxt.config.js': `export default { compatibilityDate: '2026-01-01', telemetry: false, devtools: { enabled: false } };`,
    'app/app.vue': `<script setup>import '../main.js';</script><template><p>rendered</p></template>`,
    'main.js': MAIN,
  },
};

export const FRAMEWORK_APPS: Apps = {
  angular: { ...ANGULAR, build: ['ng', 'build'], served: 'dist/browser' },
  'angular dev': { ...ANGULAR, serve: ['ng', 'serve', '--host', '127.0.0.1', '--port', 'PORT'] },
  next: { ...NEXT, build: ['next', 'build'], served: 'out' },
  'next dev': { ...NEXT, serve: ['next', 'dev', '--hostname', '127.0.0.1', '--port', 'PORT'] },
  sveltekit: { ...SVELTEKIT, build: ['vite', 'build'], serve: ['node', 'build/index.js'] },
  'sveltekit dev': { ...SVELTEKIT, serve: ['vite', 'dev', '--host', '127.0.0.1', '--port', 'PORT', '--strictPort'] },
  nuxt: { ...NUXT, build: ['nuxt', 'build'], serve: ['node', '.output/server/index.mjs'] },
  'nuxt dev': { ...NUXT, serve: ['nuxt', 'dev', '--host', '127.0.0.1', '--port', 'PORT'] },
};
