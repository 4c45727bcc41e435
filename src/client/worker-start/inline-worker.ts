/**
 * The text of the worker's script, for pages that cannot load the script from its address. The build writes this module
 * (tsdown.config.ts); in the sources the text is empty. A page loads this module only on need: the text is as large as
 * the worker.
 */
export const WORKER_SCRIPT: string = '';
