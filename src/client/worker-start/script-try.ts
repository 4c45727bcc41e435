/** One try to start a script as a worker, and what the browser said of it. */
import { trustedScript } from './trusted-script.ts';

export class ScriptTry {
  /** What `new Worker` threw. */
  thrown: unknown;
  /** The message of the worker's error event; empty in most. */
  said = '';
  /** Whether a Content-Security-Policy forbids it. */
  isForbidden = false;
  private hasFailed = false;

  /** @param url empty where the build left none. */
  constructor(readonly url: string) {}

  /** May throw. */
  start(): Worker {
    try {
      if (!this.url) throw new Error('the build left no address of it');
      const worker = new Worker(trustedScript(this.url), { type: 'module', name: 'tidemark' });
      this.listen(worker);
      return worker;
    } catch (error) {
      this.thrown = error;
      throw error;
    }
  }

  private listen(worker: Worker): void {
    const listening = new AbortController();
    const { signal } = listening;
    const stop = (): void => listening.abort();
    // The browser tells of a policy before the worker's error event, which does not name the policy.
    document.addEventListener('securitypolicyviolation', (event) => (this.isForbidden ||= event.effectiveDirective === 'worker-src'), {
      signal,
    });
    const failed = ({ message = '' }: Partial<ErrorEvent>): void => {
      stop();
      this.hasFailed = true;
      this.said = message;
    };
    worker.addEventListener('error', failed, { signal });
    worker.addEventListener('message', stop, { signal });
  }

  /** Whether the browser refused the script or its address: not where the script runs and its start failed later. */
  get isRefused(): boolean {
    return this.hasFailed || this.thrown !== undefined;
  }

  /** Whether the page takes no plain text for an address: `new Worker` throws a TypeError for nothing else. */
  get lacksPolicy(): boolean {
    return this.thrown instanceof TypeError;
  }

  /** Whether the same script may start from another address. */
  get mayStartElsewhere(): boolean {
    return this.hasFailed || !this.url || (this.thrown instanceof DOMException && this.thrown.name === 'SecurityError');
  }
}
