/**
 * The text of the worker's script, for pages that cannot load the script from its address. The build writes this module
 * (tsdown.config.ts); the sources hold no text. The page loads it only where it needs it: it is as large as the worker.
 */
export const WORKER_SCRIPT: string = '';
