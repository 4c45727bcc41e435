/** One worker after the other: whichever dies is followed by the next, ever more slowly where they keep dying. */
import { BehaviorSubject } from 'rxjs';
import { ReceiptsError, type UsageError } from '../errors.ts';
import type { Cancel, ClockPort, RandomPort } from '../ports/ports.ts';
import type { WorkerLife } from './worker-life.ts';
import { messageOf, unavailable, type WorkerSource } from './worker-source.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Who lived so long was well: the next one comes at once. */
const WELL_AFTER_MS = 10_000;
/** A release may be replaced while we look. After that somebody must reload the page. */
const MAX_WRONG_VERSIONS = 3;

/** No worker runs: the last one ended, or did not start. */
export interface WorkerTrouble {
  readonly error: ReceiptsError;
  /** Ms until the next is tried; null where none will be. */
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
  private whoWaits: (() => void)[] = [];
  private endedBy: UsageError | null = null;

  /**
   * @param make starts one; may throw.
   * @param source asked for another way where one did not start.
   * @param lives.begun called with each as it begins, `lives.up` once it runs, `lives.gone` when it is dead.
   */
  constructor(
    private readonly make: (died: (error: ReceiptsError) => void) => WorkerLife,
    private readonly source: Pick<WorkerSource, 'failed'>,
    private readonly lives: { begun(life: WorkerLife): void; up(life: WorkerLife): void; gone(error: ReceiptsError): void },
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

  /** The one that runs or is about to. Rejects at once where the last try failed, until the next one begins. */
  get current(): Promise<WorkerLife> {
    return this.now;
  }

  /** Resolves when one runs: at once, or when one does again. */
  up(): Promise<void> {
    return this.isUp ? Promise.resolve() : new Promise((resolve) => this.whoWaits.push(resolve));
  }

  get isRunning(): boolean {
    return this.isUp;
  }

  tell(say: Parameters<WorkerLife['tell']>[0]): void {
    this.life?.tell(say);
  }

  /** Callers wait for a worker that begins later. @returns how to say which. */
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

  /** Tries each way to start a worker that the source has. Callers wait meanwhile, and are told only where no way is left. */
  private async start(): Promise<WorkerLife> {
    for (;;) {
      try {
        return await this.startOne();
      } catch (thrown) {
        const error = thrown instanceof ReceiptsError ? thrown : unavailable(messageOf(thrown));
        this.life = null;
        this.lives.gone(error);
        const told = error.code === 'worker/unavailable' && !this.endedBy ? await this.source.failed(error) : error;
        if (this.endedBy) throw this.endedBy;
        if (!told) continue;
        this.follow(false, told);
        throw told;
      }
    }
  }

  private async startOne(): Promise<WorkerLife> {
    const life = this.make((error) => {
      if (this.isUp) this.gone(error);
    });
    this.life = life;
    this.lives.begun(life);
    await life.started;
    this.runs(life);
    return life;
  }

  private runs(life: WorkerLife): void {
    if (life.isOver || this.endedBy) return;
    this.isUp = true;
    this.wrongVersions = 0;
    this.trouble$.next(null);
    this.cancel = this.clock.timer(WELL_AFTER_MS, () => (this.failures = 0));
    this.lives.up(life);
    for (const tell of this.whoWaits.splice(0)) tell();
  }

  /** The one that ran is dead. */
  private gone(error: ReceiptsError): void {
    this.cancel();
    this.isUp = false;
    this.life = null;
    this.lives.gone(error);
    if (!this.endedBy) this.follow(true, error);
  }

  private follow(wasUp: boolean, error: ReceiptsError): void {
    const wait = this.nextWait(wasUp, error);
    // A worker that follows at once is told of by its own first word; until one comes later, nothing runs.
    if (wait !== 0) this.trouble$.next({ error, retryInMs: wait });
    if (wait === null) return;
    this.failures++;
    if (wait === 0) return this.begin();
    // Callers wait for the next where there was one; where none came they are told so, and each may come again.
    const begun = wasUp ? this.expect() : () => undefined;
    this.cancel = this.clock.timer(wait, () => {
      this.begin();
      begun(this.now);
    });
  }

  /** Ms; null where no other worker would do better. */
  private nextWait(wasUp: boolean, error: ReceiptsError): number | null {
    if (error.code === 'store/closed' || error.code === 'store/version-ahead') return null;
    if (error.code === 'protocol/version-unsupported' && ++this.wrongVersions >= MAX_WRONG_VERSIONS) return null;
    if (wasUp && this.failures === 0) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
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
