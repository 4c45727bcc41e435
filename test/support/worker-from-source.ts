/**
 * In `dist`, `./worker.js` lies beside the page's module; in `src` the same worker is `worker/self-starting.ts`. Tests that run the
 * sources in a browser need the one pointed at the other.
 */
import type { Plugin } from 'vite';

export const workerFromSource = (): Plugin => ({
  name: 'tidemark:worker-from-source',
  enforce: 'pre',
  transform: (code, id) =>
    id.split('?')[0]!.endsWith('/src/client/spawn-worker.ts') ? code.replaceAll('./worker.js', '../worker/self-starting.ts') : undefined,
});
