/** Starts the package's own worker: one self-contained file beside this one, so that no bundler needs to be told. */
export const spawnWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'tidemark' });
