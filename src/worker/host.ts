/** Opens the store, picks the transport, starts the lanes. */
import { exposeWorker, type Host } from '../bridge/expose.ts';
import { browserBus, browserClock, browserLocks, browserRandom, PageLife, pageToken } from '../bridge/platform.ts';
import { Engine } from '../engine/engine.ts';
import { StoreError } from '../errors.ts';
import type { StorePort } from '../ports/ports.ts';
import { rememberAccount } from '../store/accounts.ts';
import { openDexieStore } from '../store/dexie-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { databaseName } from '../model/storage-name.ts';
import { browserNet } from '../transport/browser-net.ts';

/** A database that does not open by then does not open (F15, F16). */
const OPEN_PATIENCE_MS = 5000;

/** The device's store, or memory where it refuses: the app goes on, and `durability` says what that means. */
const openStore = (name: string): Promise<StorePort> =>
  new Promise((resolve) => {
    const cancel = browserClock.timer(OPEN_PATIENCE_MS, () => resolve(createMemoryStore()));
    openDexieStore(name).then(
      (store) => {
        cancel();
        resolve(store);
      },
      () => {
        cancel();
        resolve(createMemoryStore());
      },
    );
  });

const browserHost = (): Host => {
  const life = new PageLife();
  return {
    life: (event) => life.tell(event),
    async start({ url, userId, deviceId, settings }, page) {
      const name = databaseName(url, userId);
      const store = await openStore(name);
      const ports = {
        clock: browserClock,
        random: browserRandom,
        store,
        net: browserNet(url),
        locks: browserLocks,
        bus: browserBus(name),
        life,
        token: pageToken(page, browserClock),
        fault: () => undefined,
        log: () => undefined,
      };
      try {
        await rememberAccount(store, { userId, deviceId });
        return await Engine.open(ports, { userId, deviceId }, name, settings);
      } catch (error) {
        store.close();
        if (error instanceof StoreError && error.code !== 'store/unavailable') throw error;
        return Engine.open({ ...ports, store: createMemoryStore() }, { userId, deviceId }, name, settings);
      }
    },
  };
};

/** Starts the receipt worker in this worker. Called once, by the worker's own file. */
export const startReceiptWorker = (): void => exposeWorker(browserHost());
