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
import { BehaviorSubject } from 'rxjs';
import { ReceiptsError, type UsageError } from '../errors.ts';
import type { Cancel, ClockPort, RandomPort } from '../ports/ports.ts';
import type { WorkerLife } from './worker-life.ts';
import { messageOf, unavailable, type WorkerSource } from './worker-source.ts';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
/** A worker that ran this long resets the count of failures: after its death, the next worker starts at once. */
const STABLE_AFTER_MS = 10_000;
/**
 * A server may publish a new release during the start, so a version mismatch is retried. After this many, only a reload
 * of the page helps.
 */
const MAX_WRONG_VERSIONS = 3;

/** The reason why no worker runs: the last worker ended or did not start. */
export interface WorkerTrouble {
  readonly error: ReceiptsError;
  /** Milliseconds until the next start; null if there is none. */
  readonly retryInMs: number | null;
}

export interface LivesClock {
  readonly timer: ClockPort['timer'];
  readonly random: RandomPort['next'];
}

export class WorkerLives {
  readonly trouble$ = new BehaviorSubject<WorkerTrouble | null>(null);
  private life: WorkerLife | null = null;
  private now!: Promise<WorkerLife>;
  private isUp = false;
  private failures = 0;
  private wrongVersions = 0;
  private cancel: Cancel = () => undefined;
  private abandon: (error: ReceiptsError) => void = () => undefined;
  private waitingForStart: (() => void)[] = [];
  private endedBy: UsageError | null = null;

  /**
   * @param make starts one worker. May throw.
   * @param source gives another way to start a worker after a failed start.
   * @param hooks.begun called when a worker begins, `hooks.up` when the worker runs, `hooks.gone` when the worker is
   * dead, `hooks.failed` after that, unless another way of the source follows or the client is closed.
   */
  constructor(
    private readonly make: (died: (error: ReceiptsError) => void) => WorkerLife,
    private readonly source: Pick<WorkerSource, 'failed'>,
    private readonly hooks: {
      begun(life: WorkerLife): void;
      up(life: WorkerLife): void;
      gone(error: ReceiptsError): void;
      failed(error: ReceiptsError): void;
    },
    private readonly clock: LivesClock,
  ) {
    const begun = this.expect();
    // A client that is closed in the turn that created it starts no worker.
    queueMicrotask(() => {
      if (this.endedBy) return;
      this.begin();
      begun(this.now);
    });
  }

  /** The worker that runs or starts now. Rejects at once after a failed start, until the next start begins. */
  get current(): Promise<WorkerLife> {
    return this.now;
  }

  /** Resolves when a worker runs: at once, or after the next successful start. */
  up(): Promise<void> {
    return this.isUp ? Promise.resolve() : new Promise((resolve) => this.waitingForStart.push(resolve));
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
        this.hooks.gone(error);
        const failure = error.code === 'worker/unavailable' && !this.endedBy ? await this.source.failed(error) : error;
        if (this.endedBy) throw this.endedBy;
        if (!failure) continue;
        this.follow(false, failure);
        throw failure;
      }
    }
  }

  private async startOne(): Promise<WorkerLife> {
    const life = this.make((error) => {
      if (this.isUp) this.gone(error);
    });
    this.life = life;
    this.hooks.begun(life);
    await life.started;
    this.runs(life);
    return life;
  }

  private runs(life: WorkerLife): void {
    if (life.isOver || this.endedBy) return;
    this.isUp = true;
    this.wrongVersions = 0;
    this.trouble$.next(null);
    this.cancel = this.clock.timer(STABLE_AFTER_MS, () => (this.failures = 0));
    this.hooks.up(life);
    for (const resolve of this.waitingForStart.splice(0)) resolve();
  }

  /** Handles the death of the running worker. */
  private gone(error: ReceiptsError): void {
    this.cancel();
    this.isUp = false;
    this.life = null;
    this.hooks.gone(error);
    if (!this.endedBy) this.follow(true, error);
  }

  private follow(wasUp: boolean, error: ReceiptsError): void {
    this.hooks.failed(error);
    const wait = this.nextWait(wasUp, error);
    // An immediate restart is no trouble for the app: the new worker reports its own status. With a delay, no worker
    // runs until then.
    if (wait !== 0) this.trouble$.next({ error, retryInMs: wait });
    if (wait === null) return;
    this.failures++;
    if (wait === 0) return this.begin();
    // After a death, callers wait for the next worker. After a failed start, callers are rejected and may call again.
    const begun = wasUp ? this.expect() : () => undefined;
    this.cancel = this.clock.timer(wait, () => {
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
    return (wait * (1 + this.clock.random())) / 2;
  }

  end(error: UsageError): void {
    this.endedBy = error;
    this.isUp = false;
    this.cancel();
    this.abandon(error);
    this.life?.end(error);
    this.now = Promise.reject(error);
    this.now.catch(() => undefined);
    this.trouble$.complete();
  }
}
