/**
 * The package's own worker. It starts from the file that lies beside this module. Where it does not, because the bundler left the file
 * behind or the file lies on another origin, it starts from a copy of the script that the package carries as text.
 */
import { messageOf, type WorkerSource } from '../../bridge/worker-source.ts';
import type { ReceiptsError } from '../../errors.ts';
import { ScriptTry } from './script-try.ts';

/** Bundlers look for this expression: they bring the file along and put its address here. Empty in builds without `import.meta.url`. */
const fileAddress = (): string => {
  try {
    return new URL('./worker.js', import.meta.url).href;
  } catch {
    return '';
  }
};

/** One for the whole page. */
let copyAddress: string | undefined;

/** @returns why it could not be loaded; null where it was. */
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
    // Where the script runs, another address of it would not help.
    if (!file || !last?.isRefused) return error;
    let failure: ScriptTry | string | null = copy;
    if (!copy && file.mayStartElsewhere) {
      failure = await loadCopy();
      if (failure === null) return null;
    }
    // The next try begins at the file again: a server may be back, a policy changed.
    this.file = this.copy = null;
    return import('./explain-start.ts').then(
      ({ explainStart }) => explainStart(file, failure),
      () => error,
    );
  }
}
