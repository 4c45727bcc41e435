/** The device's store, waited for as long as a user may; it may come later. */
import { StoreError } from '../errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { DexieStore } from '../store/dexie-store.ts';
import { Backoff } from '../model/backoff.ts';
import { errorDetails } from '../logging.ts';

/** A database that does not open by then is done without for now (F07, F15, F16). */
const OPEN_TIMEOUT_MS = 4500;
/** One that cannot be opened is asked again after at least so long, and longer each time. */
const ASK_AGAIN_MS = 30_000;

export interface OpeningStore {
  /** Null where it takes too long, or the device refuses. @throws {StoreError} `store/version-ahead` */
  readonly soon: Promise<DexieStore | null>;
  /** Resolves when it has opened after all; whoever does not want it any more closes it. */
  readonly atLast: Promise<DexieStore>;
}

export const beginOpening = (
  open: () => Promise<DexieStore>,
  { clock, random, log }: Pick<Ports, 'clock' | 'random' | 'log'>,
  wanted: () => boolean,
): OpeningStore => {
  const backoff = new Backoff(random);
  const first = open();
  first.catch((error: unknown) => log('warn', 'store-not-opened', errorDetails(error)));
  const soon = new Promise<DexieStore | null>((resolve, reject) => {
    const cancel = clock.timer(OPEN_TIMEOUT_MS, () => resolve(null));
    first
      .then(resolve, (error: unknown) => {
        if (error instanceof StoreError && error.code === 'store/version-ahead') reject(error);
        else resolve(null);
      })
      .finally(cancel);
  });
  const atLast = new Promise<DexieStore>((resolve) => {
    const again = (): void => {
      if (wanted()) clock.timer(backoff.failed(ASK_AGAIN_MS), () => void (wanted() && open().then(resolve, again)));
    };
    first.then(resolve, again);
  });
  return { soon, atLast };
};
