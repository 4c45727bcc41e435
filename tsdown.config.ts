import { minify } from 'terser';
import { defineConfig, type Rolldown } from 'tsdown';

const shared = { format: 'esm', target: 'es2022', outDir: 'dist', fixedExtension: false } as const;

/** Loaded where the worker's file does not start; its text is written by {@link workerAsText}. */
const INLINE_WORKER = 'inline-worker.js';

const leaveInlineWorker: Rolldown.Plugin = {
  name: 'leave-inline-worker',
  resolveId: { order: 'pre', filter: { id: /\/inline-worker\.ts$/ }, handler: () => ({ id: `./${INLINE_WORKER}`, external: true }) },
};

const workerAsText: Rolldown.Plugin = {
  name: 'worker-as-text',
  generateBundle(_options, bundle) {
    const worker = bundle['worker.js'];
    if (worker?.type !== 'chunk') return;
    const text = worker.code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    this.emitFile({ type: 'asset', fileName: INLINE_WORKER, source: `export const WORKER_SCRIPT = ${JSON.stringify(text)};\n` });
  },
};

/** Terser's second look makes the worker 1 kB smaller than the bundler's own minifier alone. */
const smaller: Rolldown.Plugin = {
  name: 'smaller',
  async renderChunk(code) {
    const { code: text = code, map } = await minify(code, {
      module: true,
      compress: { ecma: 2020, passes: 3 },
      sourceMap: { asObject: true },
    });
    return { code: text, map: map as Rolldown.SourceMapInput };
  },
};

/** Vite makes a `data:` address of a file under 4 kB, and a worker of such an address has no origin. */
const longEnoughForVite: Rolldown.Plugin = {
  name: 'long-enough-for-vite',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') chunk.code += `/* ${'-'.repeat(4096)} */\n`;
  },
};

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
      'server/sql/pglite': 'src/server/store/sql/pglite.ts',
      'server/postgres': 'src/server/postgres.ts',
      'server/nats': 'src/server/bus/nats.ts',
      'conformance/index': 'src/conformance/index.ts',
      'testing/index': 'src/testing/index.ts',
      'compat/easemob': 'src/compat/easemob/easemob.ts',
      'compat/easemob-flutter': 'src/compat/easemob-flutter/easemob-flutter.ts',
      'compat/zim': 'src/compat/zim/zim.ts',
      'compat/tencent': 'src/compat/tencent/tencent.ts',
      'react/index': 'src/react/react.ts',
      'inspector/index': 'src/inspector/inspector.ts',
      'outbox/index': 'src/outbox/outbox.ts',
      'outbox/easemob': 'src/outbox/adapters/easemob.ts',
      'outbox/stream-chat': 'src/outbox/adapters/stream-chat.ts',
      'outbox/tencent': 'src/outbox/adapters/tencent.ts',
      'outbox/zim': 'src/outbox/adapters/zim.ts',
      'outbox/matrix': 'src/outbox/adapters/matrix.ts',
      'cli/main': 'src/cli/main.ts',
    },
    platform: 'neutral',
    plugins: [leaveInlineWorker],
    dts: true,
    // The types of the wire lie apart from those of the page: a server's program has no DOM types, and the page's options need them.
    outputOptions: {
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: 'wire.d', test: /\/src\/(?:protocol|model|ports)\/(?!index).*\.d\.ts$/ }],
      },
    },
    clean: true,
    deps: { neverBundle: [/^node:/], onlyBundle: [] },
    copy: [
      { from: 'src/protocol/PROTOCOL.md', to: 'dist/protocol' },
      { from: 'src/compat/*.md', to: 'dist/compat' },
      { from: 'src/outbox/OUTBOX.md', to: 'dist/outbox' },
    ],
  },
  {
    ...shared,
    // The worker the page starts by itself: nothing left to resolve, so an app's bundler has nothing to get wrong.
    entry: { worker: 'src/worker/self-starting.ts' },
    // All other modules are readable as they are, with their comments.
    sourcemap: true,
    platform: 'browser',
    plugins: [smaller, workerAsText],
    dts: true,
    clean: false,
    minify: true,
    deps: { alwaysBundle: [/./], onlyBundle: false },
    // `v` is Valibot: its functions only build schemas. The schemas of frames that the server alone reads leave the file.
    treeshake: { manualPureFunctions: ['v'] },
    inputOptions: {
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
    },
  },
  {
    ...shared,
    entry: { 'start-worker': 'src/worker/start-worker.ts' },
    platform: 'browser',
    plugins: [longEnoughForVite],
    dts: false,
    clean: false,
    minify: true,
  },
]);
