/**
 * In `dist`, `./worker.js` is one file beside the page's module. Tests of the sources in a browser get a
 * single file too: a worker of a hundred separate files takes a second to start, every time.
 */
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

const ENTRY = fileURLToPath(new URL('../../src/worker/self-starting.ts', import.meta.url));
const ADDRESS = '/__tidemark/worker.js';
const SPAWNED = "new URL('./worker.js', import.meta.url)";
const STARTER = "new URL('./start-worker.js', import.meta.url)";

/** @param plugins may change the code. */
export const bundleWorker = async (plugins: readonly Plugin[] = []): Promise<string> => {
  const built = await build({
    plugins: [...plugins],
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: { write: false, minify: false, sourcemap: 'inline', target: 'es2022', rolldownOptions: { input: ENTRY } },
  });
  const made = [built].flat()[0];
  const chunk = made && 'output' in made ? made.output[0] : undefined;
  if (!chunk) throw new Error('the worker could not be built');
  return chunk.code;
};

/** A bundle for all projects of a run. */
let bundled: Promise<string> | undefined;

export const workerFromSource = (): Plugin => ({
  name: 'tidemark:worker-from-source',
  enforce: 'pre',
  configureServer(server) {
    server.middlewares.use(ADDRESS, (_request, response, next) => {
      bundled ??= bundleWorker();
      bundled.then((code) => {
        response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
        response.end(code);
      }, next);
    });
  },
  handleHotUpdate: () => {
    bundled = undefined;
  },
  transform(code, id) {
    if (!id.split('?')[0]!.endsWith('/src/client/worker-start/own-workers.ts')) return undefined;
    if (!code.includes(SPAWNED)) throw new Error(`own-workers.ts no longer says ${SPAWNED}`);
    return code
      .replace(SPAWNED, `new URL(new URL(import.meta.url).origin + ${JSON.stringify(ADDRESS)})`)
      .replace(STARTER, "new URL('data:,')");
  },
});
