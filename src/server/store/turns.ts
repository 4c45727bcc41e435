/**
 * Turns at the store. Users take turns (round robin): one transaction of each user with waiting work, then
 * the next.
 *
 *   ann: ■ ■ ■ ■ ■          the store runs: ann, bob, cat, ann, ann …
 *   bob: ■           ──▶    bob and cat each wait for one transaction of ann, not for all five.
 *   cat: ■
 *
 * If the store can, the next jobs of several users are one transaction: as many as fit beside each other, at most one of each user.
 * Urgent jobs go first; with urgent jobs waiting, every fourth turn is for the others.
 *
 * Of urgent writes two transactions run at a time, and two of urgent reads, also if the store could run more: while one is at the
 * database, users gather for the next. A statement costs the database and the server nearly the same for one user and for thirty.
 */
import type { UserId } from '../../model/ids.ts';
import type { ClockPort } from '../../ports/ports.ts';
import { Batch, type Job, type Mergeable } from './merged-jobs.ts';
import type { ServerStore } from './server-store.ts';

/** Share of a new measurement in the running mean of how long a user's transactions take. */
const NEW_SHARE = 0.2;
/** While urgent jobs wait, one turn of so many begins with another job. */
const ONE_IN = 4;
const SHARED_AT_ONCE = 2;
/** A shared transaction that lasts longer waits for a lock of another one, so the users behind it go past it. */
const STALLED_AFTER_MS = 100;

const mean = (before: number, ms: number): number => (before === 0 ? ms : before + (ms - before) * NEW_SHARE);

interface Line {
  readonly userId: UserId;
  /** The number of the user's frames that the server is answering. */
  frames: number;
  /** The number of the user's jobs that wait or run. */
  jobs: number;
  /** The running mean of the duration of the user's transactions, ms. */
  jobMs: number;
}

/** The waiting jobs of each line, in the order of the turns. */
type Lane = Map<Line, Job[]>;

interface Taken {
  readonly batch: Batch;
  readonly lines: ReadonlySet<Line>;
  /** Whether its first job is urgent. */
  readonly isUrgent: boolean;
}

interface JobOptions {
  /** Default true. */
  readonly isUrgent?: boolean | undefined;
  /** Absent if the job needs a transaction of its own. */
  readonly mergeable?: Mergeable | undefined;
}

export class Turns {
  private readonly lines = new Map<UserId, Line>();
  private readonly urgent: Lane = new Map();
  private readonly others: Lane = new Map();
  private running = 0;
  private turn = 0;
  /** The times at which the running transactions began that an urgent job shares. */
  private readonly shared = { read: new Set<{ readonly since: number }>(), tx: new Set<{ readonly since: number }>() };
  private looksAgain = false;
  /** The running mean over all users, ms: the first guess for a user without waiting work. */
  private jobMs = 0;

  /** @param atOnce the number of transactions that the store runs side by side. */
  constructor(
    private readonly clock: Pick<ClockPort, 'mono' | 'timer'>,
    private readonly atOnce: number,
  ) {}

  /** Runs the job when it is the user's turn. */
  run<T>(userId: UserId, job: () => Promise<T>, { isUrgent = true, mergeable }: JobOptions = {}): Promise<T> {
    const line = this.lineOf(userId);
    line.jobs++;
    return new Promise<T>((resolve, reject) => {
      const one: Job = {
        alone: () => job().then(resolve, reject),
        settle: (outcome) => (outcome.status === 'fulfilled' ? resolve(outcome.value as T) : reject(outcome.reason as Error)),
        mergeable,
      };
      const lane = isUrgent ? this.urgent : this.others;
      const waiting = lane.get(line);
      if (waiting) waiting.push(one);
      else lane.set(line, [one]);
      this.next();
    });
  }

  /** Counts a frame of the user as work from now on, before its first transaction waits for a turn. */
  async during(userId: UserId, frame: () => Promise<void>): Promise<void> {
    const line = this.lineOf(userId);
    line.frames++;
    try {
      await frame();
    } finally {
      line.frames--;
      this.forgetAtRest(line);
    }
  }

  /** The store time that the user's unanswered frames will take, ms, with one transaction for each frame. */
  backlogMs(userId: UserId): number {
    const line = this.lines.get(userId);
    return line ? line.frames * line.jobMs : 0;
  }

  private lineOf(userId: UserId): Line {
    let line = this.lines.get(userId);
    if (!line) this.lines.set(userId, (line = { userId, frames: 0, jobs: 0, jobMs: this.jobMs }));
    return line;
  }

  private forgetAtRest(line: Line): void {
    if (line.frames === 0 && line.jobs === 0) this.lines.delete(line.userId);
  }

  private next(): void {
    while (this.running < this.atOnce && this.urgent.size + this.others.size > 0) {
      const taken = this.take();
      if (taken.lines.size === 0) return this.lookAgain();
      void this.runBatch(taken);
    }
  }

  /** A stalled transaction does not tell the server that it stalls. */
  private lookAgain(): void {
    if (this.looksAgain) return;
    this.looksAgain = true;
    this.clock.timer(STALLED_AFTER_MS, () => {
      this.looksAgain = false;
      this.next();
    });
  }

  private mayShare(kind: Mergeable['kind']): boolean {
    const stalled = this.clock.mono() - STALLED_AFTER_MS;
    return [...this.shared[kind]].filter(({ since }) => since > stalled).length < SHARED_AT_ONCE;
  }

  private async runBatch({ batch, lines, isUrgent }: Taken): Promise<void> {
    this.running++;
    const since = this.clock.mono();
    const begun = { since };
    const shared = isUrgent && batch.kind ? this.shared[batch.kind] : undefined;
    shared?.add(begun);
    await batch.run();
    shared?.delete(begun);
    // Each user pays for the own share of a common transaction.
    const ms = (this.clock.mono() - since) / lines.size;
    for (const line of lines) {
      line.jobMs = mean(line.jobMs, ms);
      this.jobMs = mean(this.jobMs, ms);
      line.jobs--;
      this.forgetAtRest(line);
    }
    this.running--;
    this.next();
  }

  /**
   * Takes the first job of the next line, and the first job of each later line if the job fits beside the taken
   * jobs. Takes none while all urgent jobs wait for others to gather.
   */
  private take(): Taken {
    const othersFirst = this.others.size > 0 && (this.urgent.size === 0 || ++this.turn % ONE_IN === 0);
    const batch = new Batch();
    const lines = new Set<Line>();
    const may = { read: this.mayShare('read'), tx: this.mayShare('tx') };
    let isUrgent = false;
    for (const lane of othersFirst ? [this.others, this.urgent] : [this.urgent, this.others]) {
      for (const [line, waiting] of lane) {
        const { kind } = waiting[0]!.mergeable ?? {};
        const gathers = lane === this.urgent && lines.size === 0 && kind !== undefined && !may[kind];
        if (gathers || lines.has(line) || !batch.add(waiting[0]!)) continue;
        if (lines.size === 0) isUrgent = lane === this.urgent;
        lines.add(line);
        waiting.shift();
        // The line goes to the end of the lane, so all other users with waiting work come first.
        lane.delete(line);
        if (waiting.length > 0) lane.set(line, waiting);
        if (batch.isFull) return { batch, lines, isUrgent };
      }
    }
    return { batch, lines, isUrgent };
  }
}

/** The store for one user: each transaction waits for the user's turn. */
export const inTurnsOf = (store: ServerStore, turns: Turns, userId: UserId): ServerStore => {
  const { merged } = store;
  return {
    read: (name, body, { isUrgent, weight = 1 } = {}) =>
      turns.run(userId, () => store.read(name, body), { isUrgent, mergeable: merged && { kind: 'read', store: merged, body, weight } }),
    tx: (name, body, { isUrgent, weight = 1, touches } = {}) =>
      turns.run(userId, () => store.tx(name, body), {
        isUrgent,
        mergeable: merged && touches && { kind: 'tx', store: merged, body, weight, touches },
      }),
    close: () => store.close(),
  };
};
