import { defineConfig } from 'tsdown';

const shared = { format: 'esm', target: 'es2022', outDir: 'dist', sourcemap: true, fixedExtension: false } as const;

export default defineConfig([
  {
    ...shared,
    // One build for all doors, so that what two doors share (the error classes above all) is one module and `instanceof` holds.
    entry: {
      index: 'src/index.ts',
      'worker/index': 'src/worker/index.ts',
      'service-worker/index': 'src/service-worker/index.ts',
      'protocol/index': 'src/protocol/index.ts',
      'server/index': 'src/server/index.ts',
      'server/ws': 'src/server/ws.ts',
      'server/sql/pglite': 'src/server/sql/pglite.ts',
      'testing/index': 'src/testing/index.ts',
      'cli/main': 'src/cli/main.ts',
    },
    platform: 'neutral',
    dts: true,
    clean: true,
    deps: { neverBundle: [/^node:/], onlyBundle: [] },
    copy: [{ from: 'src/protocol/PROTOCOL.md', to: 'dist/protocol' }],
  },
  {
    ...shared,
    // The worker the page starts by itself: nothing left to resolve, so an app's bundler has nothing to get wrong.
    entry: { worker: 'src/worker/self-starting.ts' },
    platform: 'browser',
    dts: false,
    clean: false,
    minify: true,
    deps: { alwaysBundle: [/./], onlyBundle: false },
  },
]);
