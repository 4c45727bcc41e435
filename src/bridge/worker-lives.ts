/**
 * Starts one worker after another. A dead worker is replaced at once; if workers keep dying, each further start waits
 * longer.
 *
 *                started                     died
 *   starting ─────────────▶ running ───────────────────┐
 *      ▲  │                                             │ first death: at once
 *      │  │ not started                                 │ later ones: after 0.5 s … 30 s
 *      │  └────────▶ waiting ◀──────────────────────────┘
 *      └── timer ──────┘   no retry after a log-out, under newer data, or with a third wrong version
 */
import type { Subject } from 'rxjs';
import { ReceiptsError, type UsageError } from '../errors.ts';
import { errorDetails } from '../logging.ts';
import type { Cancel } from '../ports/ports.ts';
import { WorkerLife } from './worker-life.ts';
import { messageOf, type StartedWorker, startWorker, unavailable } from './worker-source.ts';
import type { WorkerHost, WorkerTrouble } from './worker-host.ts';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
/** A worker that ran this long resets the count of failures: after its death, the next worker starts at once. */
const STABLE_AFTER_MS = 10_000;
/**
 * A server may publish a new release during the start, so a version mismatch is retried. After this many, only a reload
 * of the page helps.
 */
const MAX_WRONG_VERSIONS = 3;

export class WorkerLives {
  private life: WorkerLife | null = null;
  private now!: Promise<WorkerLife>;
  private isUp = false;
  private failures = 0;
  private wrongVersions = 0;
  private cancel: Cancel = () => undefined;
  private abandon: (error: ReceiptsError) => void = () => undefined;
  private endedBy: UsageError | null = null;

  /** @param first the first worker, which starts already. */
  constructor(
    private first: Promise<StartedWorker> | null,
    private readonly host: WorkerHost,
    private readonly trouble$: Subject<WorkerTrouble | null>,
  ) {
    this.begin();
  }

  /** The worker that runs or starts now. Rejects at once after a failed start, until the next start begins. */
  get current(): Promise<WorkerLife> {
    return this.now;
  }

  get isRunning(): boolean {
    return this.isUp;
  }

  tell(say: Parameters<WorkerLife['tell']>[0]): void {
    this.life?.tell(say);
  }

  /** Lets callers wait for a worker of a later start. @returns the function that hands this worker over. */
  private expect(): (next: Promise<WorkerLife>) => void {
    let begun: (next: Promise<WorkerLife>) => void = () => undefined;
    this.now = new Promise((resolve, reject) => {
      begun = resolve;
      this.abandon = reject;
    });
    this.now.catch(() => undefined);
    return begun;
  }

  private begin(): void {
    this.now = this.start();
    this.now.catch(() => undefined);
  }

  /** Tries every way of the source to start a worker. Callers wait meanwhile and are rejected only if all ways fail. */
  private async start(): Promise<WorkerLife> {
    for (;;) {
      try {
        return await this.startOne();
      } catch (thrown) {
        const error = thrown instanceof ReceiptsError ? thrown : unavailable(messageOf(thrown));
        this.life = null;
        this.host.gone(error);
        const failure = error.code === 'worker/unavailable' && !this.endedBy ? await this.host.source.failed(error) : error;
        if (this.endedBy) throw this.endedBy;
        if (!failure) continue;
        this.follow(false, failure);
        throw failure;
      }
    }
  }

  private async startOne(): Promise<WorkerLife> {
    const { source, config, page, clock } = this.host;
    const { first } = this;
    this.first = null;
    const started = first ? await first : startWorker(source);
    const life = new WorkerLife(started, config(), page(), clock.timer, (error) => {
      if (this.isUp) this.gone(error);
    });
    this.life = life;
    this.host.begun(life);
    await life.started;
    this.runs(life);
    return life;
  }

  private runs(life: WorkerLife): void {
    if (life.isOver || this.endedBy) return;
    this.isUp = true;
    this.wrongVersions = 0;
    this.trouble$.next(null);
    this.cancel = this.host.clock.timer(STABLE_AFTER_MS, () => (this.failures = 0));
    this.host.log('debug', 'worker-started');
    this.host.up(life);
  }

  /** Handles the death of the running worker. */
  private gone(error: ReceiptsError): void {
    this.cancel();
    this.isUp = false;
    this.life = null;
    this.host.gone(error);
    if (!this.endedBy) this.follow(true, error);
  }

  private follow(wasUp: boolean, error: ReceiptsError): void {
    // No other way to start follows, and the client is open.
    if (error.code !== 'store/closed') this.host.log('warn', 'worker-ended', errorDetails(error));
    const wait = this.nextWait(wasUp, error);
    // An immediate restart is no trouble for the app: the new worker reports its own status. With a delay, no worker
    // runs until then.
    if (wait !== 0) this.trouble$.next({ error, retryInMs: wait });
    if (wait === null) return;
    this.failures++;
    if (wait === 0) return this.begin();
    // After a death, callers wait for the next worker. After a failed start, callers are rejected and may call again.
    const begun = wasUp ? this.expect() : () => undefined;
    this.cancel = this.host.clock.timer(wait, () => {
      this.begin();
      begun(this.now);
    });
  }

  /** Milliseconds until the next start; null if another worker would fail as well. */
  private nextWait(wasUp: boolean, error: ReceiptsError): number | null {
    if (error.code === 'store/closed' || error.code === 'store/version-ahead') return null;
    if (error.code === 'protocol/version-unsupported' && ++this.wrongVersions >= MAX_WRONG_VERSIONS) return null;
    if (wasUp && this.failures === 0) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, MAX_WAIT_MS);
    return (wait * (1 + this.host.clock.random())) / 2;
  }

  end(error: UsageError): void {
    this.endedBy = error;
    this.isUp = false;
    this.cancel();
    this.abandon(error);
    this.life?.end(error);
    this.now = Promise.reject(error);
    this.now.catch(() => undefined);
  }
}
