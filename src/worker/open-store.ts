/** Opens the device's store, and gives up waiting after a few seconds. The opening goes on, and the store may come later. */
import { StoreError } from '../errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { DiskStore } from '../store/disk-store.ts';
import { Backoff } from '../model/backoff.ts';
import { errorDetails } from '../logging.ts';

/** The account starts in memory if the database is not open after this time (F07, F15, F16). */
const OPEN_TIMEOUT_MS = 4500;
/** The minimum delay before another try to open the database. The delay grows with each failure. */
const MIN_REOPEN_DELAY_MS = 30_000;

export interface OpeningStore {
  /** The store, or null if the opening takes too long or fails. @throws {StoreError} `store/version-ahead` */
  readonly soon: Promise<DiskStore | null>;
  /** Resolves when the store has opened after all. An owner without use for the store must close it. */
  readonly atLast: Promise<DiskStore>;
}

export const beginOpening = (
  open: () => Promise<DiskStore>,
  { clock, random, log }: Pick<Ports, 'clock' | 'random' | 'log'>,
  wanted: () => boolean,
): OpeningStore => {
  const backoff = new Backoff(random);
  const first = open();
  first.catch((error: unknown) => log('warn', 'store-not-opened', errorDetails(error)));
  const soon = new Promise<DiskStore | null>((resolve, reject) => {
    const cancel = clock.timer(OPEN_TIMEOUT_MS, () => resolve(null));
    first
      .then(resolve, (error: unknown) => {
        if (error instanceof StoreError && error.code === 'store/version-ahead') reject(error);
        else resolve(null);
      })
      .finally(cancel);
  });
  const atLast = new Promise<DiskStore>((resolve) => {
    const again = (): void => {
      if (wanted()) clock.timer(backoff.failed(MIN_REOPEN_DELAY_MS), () => void (wanted() && open().then(resolve, again)));
    };
    first.then(resolve, again);
  });
  return { soon, atLast };
};
