/**
 * Starts the package's own worker from the file beside this module. If the bundler left the file behind, or the file
 * has another origin, the worker starts from a copy of the script that the package carries as text.
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
  private file: ScriptTry | null = null;
  private copy: ScriptTry | null = null;

  make(): Worker {
    if (this.file?.isRefused) return (this.copy = new ScriptTry(copyAddress!)).start();
    return (this.file = new ScriptTry(fileAddress())).start();
  }

  async failed(error: ReceiptsError): Promise<ReceiptsError | null> {
    const { file, copy } = this;
    const last = copy ?? file;
    // The script runs, so another address of the script would not help.
    if (!file || !last?.isRefused) return error;
    let failure: ScriptTry | string | null = copy;
    if (!copy && file.mayStartElsewhere) {
      failure = await loadCopy();
      if (failure === null) return null;
    }
    // The next try begins with the file again: the server may be back, or the policy changed.
    this.file = this.copy = null;
    return import('./explain-start.ts').then(
      ({ explainStart }) => explainStart(file, failure),
      () => error,
    );
  }
}
