/**
 * Turns at the store. Users take turns (round robin): one transaction of each user with waiting work, then
 * the next.
 *
 *   ann: ■ ■ ■ ■ ■          the store runs: ann, bob, cat, ann, ann …
 *   bob: ■           ──▶    bob and cat each wait for one transaction of ann, not for all five.
 *   cat: ■
 */
import type { UserId } from '../../model/ids.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { ServerStore } from './server-store.ts';

/** Share of a new measurement in the running mean of how long a user's transactions take. */
const NEW_SHARE = 0.2;

const mean = (before: number, ms: number): number => (before === 0 ? ms : before + (ms - before) * NEW_SHARE);

interface Line {
  readonly waiting: (() => Promise<void>)[];
  /** The number of the user's frames that the server is answering. */
  frames: number;
  running: number;
  /** The running mean of the duration of the user's transactions, ms. */
  jobMs: number;
}

export class Turns {
  private readonly lines = new Map<UserId, Line>();
  /** Lines with waiting work, in the order of their turns. */
  private readonly ring = new Set<Line>();
  private running = 0;
  /** The running mean over all users, ms: the first guess for a user without waiting work. */
  private jobMs = 0;

  /** @param atOnce the number of transactions that the store runs side by side. */
  constructor(
    private readonly clock: Pick<ClockPort, 'mono'>,
    private readonly atOnce: number,
  ) {}

  /** Runs the job when it is the user's turn. */
  run<T>(userId: UserId, job: () => Promise<T>): Promise<T> {
    const line = this.lineOf(userId);
    const result = new Promise<T>((resolve, reject) => {
      line.waiting.push(async () => {
        const since = this.clock.mono();
        await job().then(resolve, reject);
        this.measured(line, this.clock.mono() - since);
        line.running--;
        this.running--;
        this.forgetAtRest(userId, line);
        this.next();
      });
    });
    this.ring.add(line);
    this.next();
    return result;
  }

  /** Counts a frame of the user as work from now on, before its first transaction waits for a turn. */
  async during(userId: UserId, frame: () => Promise<void>): Promise<void> {
    const line = this.lineOf(userId);
    line.frames++;
    try {
      await frame();
    } finally {
      line.frames--;
      this.forgetAtRest(userId, line);
    }
  }

  /** The store time that the user's unanswered frames will take, ms, with one transaction for each frame. */
  backlogMs(userId: UserId): number {
    const line = this.lines.get(userId);
    return line ? line.frames * line.jobMs : 0;
  }

  private lineOf(userId: UserId): Line {
    let line = this.lines.get(userId);
    if (!line) this.lines.set(userId, (line = { waiting: [], frames: 0, running: 0, jobMs: this.jobMs }));
    return line;
  }

  private forgetAtRest(userId: UserId, line: Line): void {
    if (line.frames === 0 && line.running === 0 && line.waiting.length === 0) this.lines.delete(userId);
  }

  private measured(line: Line, ms: number): void {
    line.jobMs = mean(line.jobMs, ms);
    this.jobMs = mean(this.jobMs, ms);
  }

  private next(): void {
    while (this.running < this.atOnce) {
      const [line] = this.ring;
      if (!line) return;
      // The line goes to the end of the ring, so all other users with waiting work come first.
      this.ring.delete(line);
      const job = line.waiting.shift()!;
      if (line.waiting.length > 0) this.ring.add(line);
      line.running++;
      this.running++;
      void job();
    }
  }
}

/** The store for one user: each transaction waits for the user's turn. */
export const inTurnsOf = (store: ServerStore, turns: Turns, userId: UserId): ServerStore => ({
  read: (name, body) => turns.run(userId, () => store.read(name, body)),
  tx: (name, body) => turns.run(userId, () => store.tx(name, body)),
  close: () => store.close(),
});
