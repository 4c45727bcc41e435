/**
 * Jobs of several users that may share a transaction. Jobs fit together if all jobs only read, or if no job reads or
 * writes a name that another job writes.
 */
import type { MergedTransactions, ServerReadTx, ServerTx, Touches } from './server-store.ts';

/** The largest sum of the weights in a transaction, as a bound of its memory and its time. */
const MAX_WEIGHT = 256;

export type Mergeable = {
  readonly store: MergedTransactions;
  readonly weight: number;
} & (
  | { readonly kind: 'read'; readonly body: (tx: ServerReadTx) => Promise<unknown> }
  | { readonly kind: 'tx'; readonly body: (tx: ServerTx) => Promise<unknown>; readonly touches: Touches }
);

export interface Job {
  /** Runs the job in a transaction of its own. The promise never rejects. */
  alone(): Promise<void>;
  settle(outcome: PromiseSettledResult<unknown>): void;
  /** Absent if the job shares no transaction. */
  readonly mergeable: Mergeable | undefined;
}

export class Batch {
  readonly jobs: Job[] = [];
  private weight = 0;
  private readonly written = new Set<string>();
  private readonly shared = new Set<string>();

  /** Adds the job if it fits. The first job always fits. */
  add(job: Job): boolean {
    const [first] = this.jobs;
    const { mergeable } = job;
    if (first && (!mergeable || mergeable.kind !== first.mergeable?.kind || this.weight + mergeable.weight > MAX_WEIGHT)) return false;
    if (mergeable?.kind === 'tx') {
      const { writes, shares } = mergeable.touches;
      const isTaken =
        writes.some((name) => this.written.has(name) || this.shared.has(name)) || shares.some((name) => this.written.has(name));
      if (isTaken) return false;
      for (const name of writes) this.written.add(name);
      for (const name of shares) this.shared.add(name);
    }
    this.weight += mergeable?.weight ?? 0;
    this.jobs.push(job);
    return true;
  }

  get kind(): Mergeable['kind'] | undefined {
    return this.jobs[0]?.mergeable?.kind;
  }

  get isFull(): boolean {
    return this.jobs[0]?.mergeable === undefined || this.weight >= MAX_WEIGHT;
  }

  /**
   * Runs the jobs in one transaction. After a failure of the whole transaction, each job runs in a transaction of
   * its own.
   */
  async run(): Promise<void> {
    const { jobs } = this;
    const outcomes = jobs.length > 1 ? await this.together().catch(() => undefined) : undefined;
    if (outcomes) for (const [i, job] of jobs.entries()) job.settle(outcomes[i]!);
    else for (const job of jobs) await job.alone();
  }

  private async together(): Promise<readonly PromiseSettledResult<unknown>[]> {
    const parts = this.jobs.flatMap(({ mergeable }) => mergeable ?? []);
    const { store, kind } = parts[0]!;
    return kind === 'read'
      ? store.read(parts.flatMap((part) => (part.kind === 'read' ? part.body : [])))
      : store.tx(parts.flatMap((part) => (part.kind === 'tx' ? part.body : [])));
  }
}
