/** The size of this library in a page, as packed by a bundler. */
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { builtPackage } from '../support/built-package.ts';

export interface Size {
  readonly minified: number;
  readonly gzip: number;
  readonly brotli: number;
}

const sizeOf = (code: string | Uint8Array): Size => ({
  minified: Buffer.byteLength(code),
  gzip: gzipSync(code, { level: 9 }).length,
  brotli: brotliCompressSync(code).length,
});

const ENTRY = 'virtual:app';
/** A script that an app without this library loads later. */
const LATER = 'virtual:later';
/** The scripts that a page loads while its worker starts. */
const BESIDE_WORKER = ['worker-lives', 'beside-worker'];

/** Vite's files of an app with this code, whose exports are in use if `exports` is true. */
const filesOf = async (code: string, external: readonly RegExp[], exports = false) => {
  const output = await build({
    root: fileURLToPath(new URL('./', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    resolve: { alias: builtPackage },
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === ENTRY || id === LATER ? `\0${id}` : undefined),
        load: (id) => (id === `\0${ENTRY}` ? code : id === `\0${LATER}` ? 'globalThis.later = true;' : undefined),
      },
    ],
    build: {
      write: false,
      rolldownOptions: { input: ENTRY, external: [...external], preserveEntrySignatures: exports ? 'strict' : false },
    },
  });
  return (Array.isArray(output) ? output : [output]).flatMap((one) => ('output' in one ? one.output : []));
};

/**
 * What an app loads before its first paint, beside its worker, and its worker. The app uses `createReceiptClient` and all of `more`. `page` is
 * the script that the page loads at its start, with Vite's own loader of later scripts; RxJS is the app's. `beside` are the scripts
 * that each page loads while its worker starts, with Comlink. Not counted are the scripts of rare moments: of `inspect()`, of a worker that
 * does not start, and the worker's copy for pages that cannot load its file.
 */
const bundled = async (more: readonly string[]): Promise<{ page: string; beside: readonly string[]; worker: string | Uint8Array }> => {
  const facades = more.map((entry, i) => `import * as more${i} from '${entry}'; globalThis.app${i} = more${i};`);
  const code = `import { createReceiptClient } from 'tidemark'; globalThis.app = createReceiptClient; ${facades.join(' ')}`;
  const files = await filesOf(code, [/^rxjs/]);
  const scripts = files.filter((file) => file.type === 'chunk');
  const page = scripts.filter((file) => !file.isDynamicEntry).map(({ code }) => code);
  const beside = scripts.filter(({ name }) => BESIDE_WORKER.some((module) => name.startsWith(module))).map(({ code }) => code);
  const worker = files.find((file) => file.type === 'asset' && /\/worker-/.test(file.fileName));
  if (page.length !== 1 || beside.length !== BESIDE_WORKER.length || worker?.type !== 'asset')
    throw new Error(`unexpected output: ${files.map(({ fileName }) => fileName).join(', ')}`);
  return { page: page.join(), beside, worker: worker.source };
};

/** Bytes of gzip that every Vite app has that loads a script later: Vite's own loader. */
const loaderSize = async (): Promise<number> => {
  const files = await filesOf(`globalThis.app = () => import('${LATER}');`, []);
  return sizeOf(files.map((file) => (file.type === 'chunk' && !file.isDynamicEntry ? file.code : '')).join('')).gzip;
};

/**
 * The page with `createReceiptClient` alone, its scripts beside the worker, together, and its worker. `own` is what this library adds to a
 * page that loads a script later anyway.
 */
export const bundleSize = async (): Promise<{ page: Size; own: number; beside: number; worker: Size }> => {
  const { page, beside, worker } = await bundled([]);
  return {
    page: sizeOf(page),
    own: sizeOf(page).gzip - (await loaderSize()),
    beside: beside.reduce((sum, script) => sum + sizeOf(script).gzip, 0),
    worker: sizeOf(worker),
  };
};

/** Bytes of gzip added by each facade to a page with the main entry point. */
export const facadeSizes = async (names: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const { page } = await bundleSize();
  const sizes = new Map<string, number>();
  for (const name of names) {
    const both = await bundled([`tidemark/compat/${name}`]);
    sizes.set(name, sizeOf(both.page).gzip - page.gzip);
  }
  return sizes;
};

/** The outbox with an adapter on a page without other code: its store and the parts of RxJS are counted. */
export const outboxSize = async (adapter: string): Promise<Size> => {
  const code = `export { createReceiptOutbox } from 'tidemark/outbox';\nexport * from 'tidemark/outbox/${adapter}';`;
  const files = await filesOf(code, [], true);
  return sizeOf(files.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n'));
};
