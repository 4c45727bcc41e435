/**
 * Asks the browser to keep this origin's storage, after the user's first intent. Some browsers ask the user; this class
 * asks once.
 */
import { BehaviorSubject, distinctUntilChanged, EMPTY, endWith, map, type Observable, switchMap } from 'rxjs';
import type { ConnectionStatus } from '../../model/api/status.ts';
import type { StorageReport } from '../../model/api/storage.ts';

/** The used part of `navigator`; some browsers lack parts of it. */
export interface StorageKeeper {
  readonly storage?: Partial<Pick<StorageManager, 'persisted' | 'persist' | 'estimate'>>;
}

export class Persistence {
  /** True if the browser keeps the storage, false if it may delete the storage; null while unknown. */
  readonly persisted$ = new BehaviorSubject<boolean | null>(null);
  private asked = false;

  constructor(private readonly browser: StorageKeeper) {
    this.tell(async () => browser.storage?.persisted?.());
  }

  /** Called after this device stored data that the server lacks. */
  worthKeeping(): void {
    if (this.asked) return;
    this.asked = true;
    this.tell(async () => (await this.browser.storage?.persisted?.()) === true || this.browser.storage?.persist?.());
  }

  /** Adds `persisted` to a connection's status. Completes with the status. */
  joined(status$: Observable<ConnectionStatus>): Observable<ConnectionStatus> {
    return status$.pipe(
      endWith(null),
      switchMap((status) => (status ? this.persisted$.pipe(map((persisted) => ({ ...status, persisted }))) : EMPTY)),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
    );
  }

  /** The browser's answer now; null without an answer. */
  async report(): Promise<Pick<StorageReport, 'persisted' | 'quota'>> {
    const { storage } = this.browser;
    const known = <T>(ask: () => Promise<T> | undefined): Promise<T | undefined> => (async () => ask())().catch(() => undefined);
    const [persisted, estimate] = await Promise.all([known(() => storage?.persisted?.()), known(() => storage?.estimate?.())]);
    return { persisted: persisted ?? null, quota: estimate?.quota ?? null };
  }

  private tell(ask: () => Promise<boolean | undefined>): void {
    ask().then(
      (persisted) => {
        if (typeof persisted === 'boolean') this.persisted$.next(persisted);
      },
      // The browser refuses an answer: `persisted` stays null.
      () => undefined,
    );
  }
}
