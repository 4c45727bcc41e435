/** Opens the store, picks the transport, starts the lanes. */
import { exposeWorker, type Host } from '../bridge/expose.ts';
import { browserBus, browserClock, browserLocks, browserRandom, PageLife, pageToken } from '../bridge/platform.ts';
import { Engine } from '../engine/engine.ts';
import type { PageSide } from '../bridge/worker-api.ts';
import { StoreError } from '../errors.ts';
import type { StorePort } from '../ports/ports.ts';
import { accountDatabases, enterAccount, finishWipe, isUnwiped } from '../store/accounts.ts';
import { type DexieStore, openDexieStore } from '../store/dexie-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { databaseName } from '../model/storage-name.ts';
import { browserNet } from '../transport/browser-net.ts';

/** A database that does not open by then does not open (F15, F16). */
const OPEN_PATIENCE_MS = 5000;

/** A frozen tab may hold on to the database for as long as it likes: what is in it is gone by then, and its name goes with that tab. */
const REMOVE_PATIENCE_MS = 2000;

/** The device's store, or memory where it refuses: the app goes on, and `durability` says what that means. */
const openStore = (name: string): Promise<StorePort | DexieStore> =>
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

const isOnDisk = (store: StorePort): store is DexieStore => 'remove' in store;

/** The last of a log-out, once the store is empty. The device's id goes first: its database is what tells that it should. */
const removeAccount = async (name: string, store: StorePort, page: PageSide): Promise<void> => {
  await page.forgetDevice(name);
  if (isOnDisk(store)) {
    const patience = new Promise<void>((resolve) => browserClock.timer(REMOVE_PATIENCE_MS, resolve));
    await Promise.race([store.remove(), patience]);
  }
  store.close();
};

/** Wipes of other accounts that a crash interrupted: nobody may ever start those again. */
const finishOtherWipes = async (url: string, mine: string, page: PageSide): Promise<void> => {
  for (const name of await accountDatabases(indexedDB, url)) {
    if (name === mine || !(await isUnwiped(indexedDB, name))) continue;
    const store = await openDexieStore(name);
    await finishWipe(store);
    await removeAccount(name, store, page);
  }
};

const browserHost = (): Host => {
  const life = new PageLife();
  return {
    life: (event) => life.tell(event),
    async start({ url, userId, deviceId: known, settings, retention }, page) {
      const name = databaseName(url, userId);
      let store = await openStore(name);
      let deviceId = known;
      const ports = {
        clock: browserClock,
        random: browserRandom,
        net: browserNet(url),
        locks: browserLocks,
        bus: browserBus(name),
        life,
        token: pageToken(page, browserClock),
        fault: () => undefined,
        log: () => undefined,
      };
      const open = async (): Promise<Engine> => {
        try {
          // Before anything is shown: what a log-out left is nobody's any more.
          if ((await enterAccount(store, { userId, deviceId })) === 'unwiped') {
            await finishWipe(store);
            await removeAccount(name, store, page);
            deviceId = await page.deviceId(name);
            store = await openStore(name);
            await enterAccount(store, { userId, deviceId });
          }
          return await Engine.open({ ...ports, store }, { userId, deviceId }, name, settings, retention);
        } catch (error) {
          store.close();
          if (error instanceof StoreError && error.code !== 'store/unavailable') throw error;
          store = createMemoryStore();
          return Engine.open({ ...ports, store }, { userId, deviceId }, name, settings, retention);
        }
      };
      const engine = await open();
      if (isOnDisk(store)) void store.removed.then(() => engine.lost());
      finishOtherWipes(url, name, page).catch(() => undefined);
      return {
        intent: (call) => engine.intent(call),
        query: (call) => engine.query(call),
        watch: (topic) => engine.watch(topic),
        loggedOut: engine.loggedOut,
        async logOut(options) {
          await engine.logOut(options);
          if (options.keepData) store.close();
          else await removeAccount(name, store, page);
        },
        close: () => engine.close(),
      };
    },
  };
};

/** Starts the receipt worker in this worker. Called once, by the worker's own file. */
export const startReceiptWorker = (): void => exposeWorker(browserHost());
