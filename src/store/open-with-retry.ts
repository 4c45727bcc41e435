/** Opens a database with retries: in some browsers only the second or third attempt gets an answer. */
import { StoreError } from '../errors.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { Connection } from './connection.ts';
import { LostError } from './idb-errors.ts';

/** After this time without an answer, a second opening starts: some browsers then answer both (F16). */
const HEDGE_AFTER_MS = 2000;
/** Delays between failed attempts. After the last delay and one more failure, the store gives up (F13). */
const OPEN_RETRY_DELAYS_MS = [50, 500];

/** Starts a second opening if the first hangs. The first connection to open is used; the other is closed. */
export const openHedged = (open: () => Promise<Connection>, clock: ClockPort): Promise<Connection> =>
  new Promise((resolve, reject) => {
    let taken = false;
    const take = (connection: Connection): void => {
      cancel();
      if (taken) connection.close();
      taken = true;
      resolve(connection);
    };
    const cancel = clock.timer(HEDGE_AFTER_MS, () => void open().then(take, () => undefined));
    open()
      .then(take, reject)
      .finally(() => cancel());
  });

/** @throws {StoreError} `store/unavailable` after the last failed attempt. */
export const openWithRetry = async (open: () => Promise<Connection>, clock: ClockPort): Promise<Connection> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      const again = OPEN_RETRY_DELAYS_MS[attempt];
      if (again === undefined) throw new StoreError('store/unavailable', error.message, { cause: error });
      await new Promise<void>((resolve) => void clock.timer(again, resolve));
    }
  }
};
