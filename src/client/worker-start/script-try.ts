/** One try to start a script as a worker, and the browser's reaction. */
import { trustedScript } from './trusted-script.ts';

export class ScriptTry {
  /** The error of `new Worker`. */
  thrown: unknown;
  /** The message of the worker's error event; empty in most browsers. */
  errorMessage = '';
  /** True if a Content-Security-Policy forbids the worker. */
  isForbiddenByCsp = false;
  private hasFailed = false;

  /**
   * @param url empty if the build left no address.
   * @param loads the address of the script that `url` loads: its worker reads the address in its own name.
   */
  constructor(
    readonly url: string,
    private readonly loads?: string,
  ) {}

  /** May throw. */
  start(): Worker {
    try {
      if (!this.url) throw new Error('the build left no address of the script');
      const name = this.loads === undefined ? 'tidemark' : `tidemark ${this.loads}`;
      const worker = new Worker(trustedScript(this.url), { type: 'module', name });
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
    // The browser reports the policy before the worker's error event, which does not name the policy.
    document.addEventListener('securitypolicyviolation', (event) => (this.isForbiddenByCsp ||= event.effectiveDirective === 'worker-src'), {
      signal,
    });
    const failed = ({ message = '' }: Partial<ErrorEvent>): void => {
      stop();
      this.hasFailed = true;
      this.errorMessage = message;
    };
    worker.addEventListener('error', failed, { signal });
    worker.addEventListener('message', stop, { signal });
  }

  /** True if the browser refused the script or its address; false if the script ran and its start failed later. */
  get isRefused(): boolean {
    return this.hasFailed || this.thrown !== undefined;
  }

  /** True if the page requires Trusted Types: `new Worker` throws a TypeError for no other reason. */
  get needsTrustedTypes(): boolean {
    return this.thrown instanceof TypeError;
  }

  /** True if the same script may start from another address. */
  get mayStartElsewhere(): boolean {
    return this.hasFailed || !this.url || (this.thrown instanceof DOMException && this.thrown.name === 'SecurityError');
  }
}
