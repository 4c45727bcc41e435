/**
 * What was done offline reaches the server even when no page is open any more: Background Sync wakes the service worker, which drains
 * every account's outbox through the HTTP door. Where a page leads, it is asked to do so; a frozen one is not waited for.
 */
import { browserBus, browserClock, browserRandom, PageLife, pageToken } from '../bridge/platform.ts';
import { drainOverHttp } from '../engine/sync/drain-over-http.ts';
import { LoggedOutError } from '../engine/head.ts';
import { Writer } from '../engine/write.ts';
import type { BusPort, ClockPort, Ports } from '../ports/ports.ts';
import { readAccount, accountDatabases } from '../store/accounts.ts';
import { openDexieStore } from '../store/dexie-store.ts';
import { browserNet } from '../transport/browser-net.ts';

/** A leader that does not answer within this is frozen: its lock is taken, and the fencing number makes its late writes harmless. */
const LEADER_PATIENCE_MS = 2000;

export interface ReceiptSyncOptions {
  /** The same address as the pages use. */
  readonly url: string;
  /** The service worker's own road to a token, typically a request to the app's origin. */
  readonly getToken: (userId: string) => string | Promise<string>;
}

const leaderAnswers = (bus: BusPort, clock: ClockPort): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.timer(LEADER_PATIENCE_MS, () => {
      stop();
      resolve(false);
    });
    const stop = bus.listen(({ type }) => {
      if (type !== 'status') return;
      cancel();
      stop();
      resolve(true);
    });
    bus.post({ type: 'status?' });
    bus.post({ type: 'nudge' });
  });

/** Runs with the account's lead, or leaves it to the page that has it. */
const leading = async (name: string, bus: BusPort, run: () => Promise<void>): Promise<void> => {
  // Without Web Locks the fencing number alone decides.
  if (!('locks' in navigator)) return run();
  const taken = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await run();
    return lock !== null;
  });
  if (taken || (await leaderAnswers(bus, browserClock))) return;
  await navigator.locks.request(name, { steal: true }, run);
};

const drainAccount = async (name: string, options: ReceiptSyncOptions): Promise<void> => {
  const store = await openDexieStore(name);
  try {
    const account = await readAccount(store);
    if (!account) return;
    const bus = browserBus(name);
    const ports: Ports = {
      clock: browserClock,
      random: browserRandom,
      store,
      net: browserNet(options.url),
      locks: { acquire: () => () => undefined },
      bus,
      life: new PageLife(),
      token: pageToken({ getToken: async () => options.getToken(account.userId) }, browserClock),
      fault: () => undefined,
      log: () => undefined,
    };
    const writer = await Writer.open(ports, account.userId);
    if (writer.model.paused || writer.model.outbox.size === 0) return;
    await leading(name, bus, async () => drainOverHttp(ports, account, writer, await writer.takeFence()));
  } catch (error) {
    // Nothing of an account that was logged out is sent; what is left of it goes at the next start of a page.
    if (!(error instanceof LoggedOutError)) throw error;
  } finally {
    store.close();
  }
};

/** Every account of this server on this device. Rejects when one could not be drained, so that the browser comes back. */
export const drainAllAccounts = async (options: ReceiptSyncOptions): Promise<void> => {
  const names = await accountDatabases(indexedDB, options.url);
  const ends = await Promise.allSettled(names.map((name) => drainAccount(name, options)));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
};
