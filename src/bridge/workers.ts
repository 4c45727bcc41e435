/**
 * The workers of one client. Starts the first worker, and loads what runs workers beside the worker's script: no call crosses earlier, and
 * the page paints without it.
 *
 *   first worker ─▶ loading ─ loaded ─▶ WorkerLives: one worker after another
 *                     ▲  │ not loaded
 *                     └──┘ after 5 s
 */
import { BehaviorSubject } from 'rxjs';
import type { ReceiptsError, UsageError } from '../errors.ts';
import { errorDetails } from '../logging.ts';
import type { Cancel } from '../ports/ports.ts';
import type { WorkerHost, WorkerTrouble } from './worker-host.ts';
import type { WorkerLife } from './worker-life.ts';
import type { WorkerLives } from './worker-lives.ts';
import { messageOf, type StartedWorker, startWorker, unavailable } from './worker-source.ts';

const LOAD_AGAIN_AFTER_MS = 5000;
/** A loading script that gives no sign counts as failed, like a silent worker. */
const LOADED_WITHIN_MS = 30_000;

export class Workers {
  readonly trouble$ = new BehaviorSubject<WorkerTrouble | null>(null);
  private waitingForStart: (() => void)[] = [];
  private first: Promise<StartedWorker> | null = null;
  private loading: Promise<WorkerLives>;
  private lives: WorkerLives | null = null;
  private cancel: Cancel = () => undefined;
  private endedBy: UsageError | null = null;

  constructor(private readonly host: WorkerHost) {
    this.loading = this.load();
  }

  get isRunning(): boolean {
    return this.lives?.isRunning ?? false;
  }

  /** Resolves when a worker runs: at once, or after the next successful start. */
  up(): Promise<void> {
    return this.isRunning ? Promise.resolve() : new Promise((resolve) => this.waitingForStart.push(resolve));
  }

  /** The worker that runs or starts now. Rejects at once after a failed start, until the next start begins. */
  async current(): Promise<WorkerLife> {
    return (await this.loading).current;
  }

  tell(say: Parameters<WorkerLife['tell']>[0]): void {
    this.lives?.tell(say);
  }

  private load(): Promise<WorkerLives> {
    const loading = this.loadLives();
    loading.catch(() => undefined);
    return loading;
  }

  private async loadLives(): Promise<WorkerLives> {
    // A client that is closed in the turn that created it starts no worker.
    await Promise.resolve();
    this.requireOpen();
    this.first ??= this.startFirst();
    try {
      const { WorkerLives } = await Promise.race([import('./worker-lives.ts'), this.tooLate()]);
      this.requireOpen();
      this.cancel();
      return (this.lives = new WorkerLives(this.first, { ...this.host, up: (life) => this.runs(life) }, this.trouble$));
    } catch (thrown) {
      this.requireOpen();
      const error = unavailable(messageOf(thrown));
      this.loadAgain(error);
      throw error;
    }
  }

  /** @throws {UsageError} the error of the client's end. */
  private requireOpen(): void {
    if (this.endedBy) throw this.endedBy;
  }

  private startFirst(): Promise<StartedWorker> {
    const first = (async () => startWorker(this.host.source))();
    // An error waits for the script that handles it.
    first.catch(() => undefined);
    return first;
  }

  private tooLate(): Promise<never> {
    return new Promise((_, reject) => {
      this.cancel = this.host.clock.timer(LOADED_WITHIN_MS, () => reject(new Error('a script of the package did not load in 30 s')));
    });
  }

  private loadAgain(error: ReceiptsError): void {
    this.cancel();
    this.host.log('warn', 'worker-ended', errorDetails(error));
    this.trouble$.next({ error, retryInMs: LOAD_AGAIN_AFTER_MS });
    this.cancel = this.host.clock.timer(LOAD_AGAIN_AFTER_MS, () => {
      this.loading = this.load();
    });
  }

  private runs(life: WorkerLife): void {
    this.host.up(life);
    for (const resolve of this.waitingForStart.splice(0)) resolve();
  }

  end(error: UsageError): void {
    this.endedBy = error;
    this.cancel();
    if (this.lives) this.lives.end(error);
    else void this.first?.then(({ worker }) => worker.terminate()).catch(() => undefined);
    this.loading = Promise.reject(error);
    this.loading.catch(() => undefined);
    this.trouble$.complete();
  }
}
