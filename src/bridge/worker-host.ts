/** What a worker gets from its page, and what the page hears of its workers. */
import type { ReceiptsError } from '../errors.ts';
import type { Log } from '../logging.ts';
import type { ClockPort, RandomPort } from '../ports/ports.ts';
import type { PageSide, WorkerConfig } from './worker-api.ts';
import type { WorkerLife } from './worker-life.ts';
import type { WorkerSource } from './worker-source.ts';

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

/** What a worker gets, and what hears of it. */
export interface WorkerHost {
  readonly source: WorkerSource;
  readonly config: () => Promise<WorkerConfig>;
  readonly page: () => Promise<PageSide>;
  readonly clock: LivesClock;
  readonly log: Log;
  /** Called when a worker begins. */
  readonly begun: (life: WorkerLife) => void;
  /** Called when the worker runs. */
  readonly up: (life: WorkerLife) => void;
  /** Called when the worker is dead, or did not start. */
  readonly gone: (error: ReceiptsError) => void;
}
