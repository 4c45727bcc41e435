/**
 * Starts the package's own worker from the file beside this module: by a small script that imports the file, or the
 * file itself if the small script does not start. If the bundler left the file behind, or the file has another
 * origin, the worker starts from the package's copy of the script, a text.
 */
import { messageOf, type WorkerSource } from '../../bridge/worker-source.ts';
import type { ReceiptsError } from '../../errors.ts';
import { ScriptTry } from './script-try.ts';

/** Bundlers recognise this expression, copy the file and insert its address. Empty in builds without `import.meta.url`. */
const fileAddress = (): string => {
  try {
    return new URL('./worker.js', import.meta.url).href;
  } catch {
    return '';
  }
};

/** The small script's address. Empty if the bundler made a `data:` address of it, whose worker would have no origin. */
const starterAddress = (): string => {
  try {
    const { protocol, href } = new URL('./start-worker.js', import.meta.url);
    return protocol === 'data:' ? '' : href;
  } catch {
    return '';
  }
};

/** The copy's address, one for the whole page. */
let copyAddress: string | undefined;

/** @returns the reason of a failed load; null after success. */
const loadCopy = async (): Promise<string | null> => {
  try {
    const { WORKER_SCRIPT } = await import('./inline-worker.ts');
    copyAddress ??= URL.createObjectURL(new Blob([WORKER_SCRIPT], { type: 'text/javascript' }));
    return null;
  } catch (error) {
    return messageOf(error);
  }
};

export class OwnWorkers implements WorkerSource {
  private starter: ScriptTry | null = null;
  private file: ScriptTry | null = null;
  private copy: ScriptTry | null = null;

  make(): Worker {
    if (this.file?.isRefused) return (this.copy = new ScriptTry(copyAddress!)).start();
    const file = fileAddress();
    const starter = starterAddress();
    if (!starter || !file || this.starter?.isRefused) return (this.file = new ScriptTry(file)).start();
    return (this.starter = new ScriptTry(starter, file)).start();
  }

  async failed(error: ReceiptsError): Promise<ReceiptsError | null> {
    const { starter, file, copy } = this;
    const last = copy ?? file ?? starter;
    // The script runs, so another address of the script would not help.
    if (!last?.isRefused) return error;
    if (!file) return null;
    let failure: ScriptTry | string | null = copy;
    if (!copy && file.mayStartElsewhere) {
      failure = await loadCopy();
      if (failure === null) return null;
    }
    // The next try begins with the file again: the server may be back, or the policy changed.
    this.starter = this.file = this.copy = null;
    return import('./explain-start.ts').then(
      ({ explainStart }) => explainStart(file, failure),
      () => error,
    );
  }
}
