/** Opening a database that does not want to be opened: some answer the second time, some the third. */
import { StoreError } from '../errors.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { Connection } from './connection.ts';
import { LostError } from './idb-errors.ts';

/** An opening that hangs for this long is asked for once more: some browsers answer both then (F16). */
const WARM_AFTER_MS = 2000;
/** Waits between openings that fail; after them it is given up (F13). */
const TRY_AGAIN_MS = [50, 500];

/** Opens once more should the first opening hang. Whichever comes first is it; the other is closed when it comes. */
export const openHedged = (open: () => Promise<Connection>, clock: ClockPort): Promise<Connection> =>
  new Promise((resolve, reject) => {
    let taken = false;
    const take = (connection: Connection): void => {
      cancel();
      if (taken) connection.close();
      taken = true;
      resolve(connection);
    };
    const cancel = clock.timer(WARM_AFTER_MS, () => void open().then(take, () => undefined));
    open()
      .then(take, reject)
      .finally(() => cancel());
  });

/** @throws {StoreError} where the last attempt failed as the first. */
export const openWithRetry = async (open: () => Promise<Connection>, clock: ClockPort): Promise<Connection> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      const again = TRY_AGAIN_MS[attempt];
      if (again === undefined) throw new StoreError('store/unavailable', error.message, { cause: error });
      await new Promise<void>((resolve) => void clock.timer(again, resolve));
    }
  }
};
