/**
 * Asks the browser to keep what is stored, once there is something worth keeping: after the first thing the user did. Some browsers
 * ask the user; none is asked twice.
 */
import { BehaviorSubject, distinctUntilChanged, EMPTY, endWith, map, type Observable, switchMap } from 'rxjs';
import type { ConnectionStatus } from '../model/status.ts';

/** Of `navigator`, what is used here; some browsers have none of it. */
export interface StorageKeeper {
  readonly storage?: Partial<Pick<StorageManager, 'persisted' | 'persist'>>;
}

export class Persistence {
  /** Whether the browser has promised to keep it; null while that is not known. */
  readonly persisted$ = new BehaviorSubject<boolean | null>(null);
  private asked = false;

  constructor(private readonly browser: StorageKeeper) {
    this.tell(async () => browser.storage?.persisted?.());
  }

  /** Something was stored that is nowhere else yet. */
  worthKeeping(): void {
    if (this.asked) return;
    this.asked = true;
    this.tell(async () => (await this.browser.storage?.persisted?.()) === true || this.browser.storage?.persist?.());
  }

  /** A connection's status with what is known here. Completes with it. */
  joined(status$: Observable<ConnectionStatus>): Observable<ConnectionStatus> {
    return status$.pipe(
      endWith(null),
      switchMap((status) => (status ? this.persisted$.pipe(map((persisted) => ({ ...status, persisted }))) : EMPTY)),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
    );
  }

  private tell(ask: () => Promise<boolean | undefined>): void {
    ask().then(
      (persisted) => {
        if (typeof persisted === 'boolean') this.persisted$.next(persisted);
      },
      // Refused even to answer: nothing is known, and nothing depends on it.
      () => undefined,
    );
  }
}
