/**
 * In an app, the worker is one file beside the page's module, and so is the script of a page. Tests of the sources in a browser get
 * single files too: a worker or a frame of a hundred separate files takes a second to start, every time.
 */
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { FRAME_SCRIPTS } from './frame-scripts.ts';

const ROOT = new URL('../../', import.meta.url);
const WORKER = 'src/worker/self-starting.ts';
const WORKER_ADDRESS = '/__tidemark/worker.js';
const SPAWNED = "new URL('./worker.js', import.meta.url)";
const STARTER = "new URL('./start-worker.js', import.meta.url)";

/** The client's page starts the worker from the address of the single file. */
const workerAddress = (): Plugin => ({
  name: 'tidemark:worker-address',
  enforce: 'pre',
  transform(code, id) {
    if (!id.split('?')[0]!.endsWith('/src/client/worker-start/own-workers.ts')) return undefined;
    if (!code.includes(SPAWNED)) throw new Error(`own-workers.ts no longer says ${SPAWNED}`);
    return code
      .replace(SPAWNED, `new URL(new URL(import.meta.url).origin + ${JSON.stringify(WORKER_ADDRESS)})`)
      .replace(STARTER, "new URL('data:,')");
  },
});

/** @param script path from the root of the repository. */
const bundle = async (script: string, plugins: readonly Plugin[]): Promise<string> => {
  const built = await build({
    plugins: [...plugins],
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      minify: false,
      sourcemap: false,
      target: 'es2022',
      rolldownOptions: { input: fileURLToPath(new URL(script, ROOT)), preserveEntrySignatures: false, output: { codeSplitting: false } },
    },
  });
  const made = [built].flat()[0];
  const chunk = made && 'output' in made ? made.output[0] : undefined;
  if (!chunk) throw new Error(`${script} could not be built`);
  return chunk.code;
};

/** @param plugins may change the code. */
export const bundleWorker = (plugins: readonly Plugin[] = []): Promise<string> => bundle(WORKER, plugins);

/** The bundles of a run, by their script, for all its projects. */
const bundled = new Map<string, Promise<string>>();

const bundledOnce = (script: string): Promise<string> => {
  const known = bundled.get(script) ?? bundle(script, [workerAddress()]);
  bundled.set(script, known);
  return known;
};

const scriptAt = (path: string): string | undefined => {
  if (path === WORKER_ADDRESS) return WORKER;
  const script = path.startsWith(FRAME_SCRIPTS) ? path.slice(FRAME_SCRIPTS.length) : '';
  return /^test\/browser\/[a-z-]+\.ts$/.test(script) ? script : undefined;
};

export const scriptsFromSource = (): Plugin => ({
  ...workerAddress(),
  name: 'tidemark:scripts-from-source',
  configureServer(server) {
    server.middlewares.use((request, response, next) => {
      const script = scriptAt((request.url ?? '').split('?')[0]!);
      if (script === undefined) return next();
      bundledOnce(script).then((code) => {
        response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
        response.end(code);
      }, next);
    });
  },
  handleHotUpdate: () => {
    bundled.clear();
  },
});
