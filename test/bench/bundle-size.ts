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

/** The main entry point with its dependencies except RxJS, and its worker. */
export const bundleSize = async (): Promise<{ page: Size; worker: Size }> => {
  const output = await build({
    root: fileURLToPath(new URL('./', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    resolve: { alias: builtPackage },
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === ENTRY ? `\0${ENTRY}` : undefined),
        load: (id) => (id === `\0${ENTRY}` ? "export * from 'tidemark';" : undefined),
      },
    ],
    build: { write: false, rolldownOptions: { input: ENTRY, external: [/^rxjs/], preserveEntrySignatures: 'strict' } },
  });
  const files = (Array.isArray(output) ? output : [output]).flatMap((one) => ('output' in one ? one.output : []));
  // The copy for workers without a starting file is not counted.
  const page = files.filter((file) => file.type === 'chunk' && !file.isDynamicEntry).map((file) => (file as { code: string }).code);
  const worker = files.find((file) => file.type === 'asset' && /worker/.test(file.fileName));
  if (page.length === 0 || worker?.type !== 'asset')
    throw new Error(`unexpected output: ${files.map(({ fileName }) => fileName).join(', ')}`);
  return { page: sizeOf(page.join('\n')), worker: sizeOf(worker.source) };
};
