/**
 * The host of the engine in a tab's worker. It builds the browser's ports, opens the account, and exposes the account
 * to the page.
 *
 *   page ◀─bridge─▶ host ─▶ HostedAccount ─▶ Engine over IndexedDB
 *                                   └───────▶ Engine over memory, if the device refuses to store
 */
import { exposeWorker, type Host } from '../bridge/expose.ts';
import { browserBus, browserClock, browserLocks, browserRandom, browserRoom, PageLife, pageToken } from '../platform/browser-ports.ts';
import type { PageSide } from '../bridge/worker-api.ts';
import { finishWipe } from '../engine/account/enter-account.ts';
import { accountDatabases, isUnwiped } from '../store/accounts.ts';
import { openDiskStore } from '../store/disk-store.ts';
import { openSealedDisk } from '../store/sealed-store.ts';
import { webCipher } from '../store/web-cipher.ts';
import { databaseName } from '../model/storage-name.ts';
import { cacheStorage, keepNote } from '../store/loss-marker.ts';
import { browserNet } from '../transport/browser-net.ts';
import { HostedAccount } from './hosted-account.ts';
import { atLevel } from '../logging.ts';
import type { LogLine } from '../model/api/inspection.ts';
import { keepIn } from '../platform/log-tail.ts';

const finishOtherWipe = async (name: string, page: PageSide): Promise<void> => {
  if (!(await isUnwiped(indexedDB, name))) return;
  const store = await openDiskStore(name, { clock: browserClock, room: browserRoom });
  await finishWipe(store);
  await keepNote(cacheStorage(globalThis), name).end([]);
  await page.forgetDevice(name);
  await store.remove();
};

/**
 * Finishes wipes of other accounts after a crash interrupted them. Their users may never log in again. One hanging wipe
 * delays no other.
 */
const finishOtherWipes = async (url: string, mine: string, page: PageSide): Promise<void> => {
  const others = (await accountDatabases(indexedDB, url)).filter((name) => name !== mine);
  await Promise.allSettled(others.map((name) => finishOtherWipe(name, page)));
};

const browserHost = (): Host => {
  const life = new PageLife();
  return {
    life: (event) => life.tell(event),
    async start(config, page) {
      const name = databaseName(config.url, config.userId);
      const logged: LogLine[] = [];
      const log = atLevel((...record) => void page.log(...record).catch(() => undefined), config.logsAll === true, keepIn(logged));
      const account = await HostedAccount.start(config, {
        name,
        page,
        note: keepNote(cacheStorage(globalThis), name),
        open: () =>
          openSealedDisk(
            () => openDiskStore(name, { clock: browserClock, room: browserRoom }),
            webCipher(crypto),
            browserClock,
            config.encryption === true,
          ),
        removeUnseen: () => void indexedDB.deleteDatabase(name),
        ports: {
          clock: browserClock,
          random: browserRandom,
          net: browserNet(config.url),
          locks: browserLocks,
          bus: browserBus(name),
          life,
          token: pageToken(page, browserClock),
          fault: () => undefined,
          log,
          logged,
        },
      });
      finishOtherWipes(config.url, name, page).catch(() => undefined);
      return account;
    },
  };
};

/** Starts the receipt worker in this worker. The worker's own file calls it once. */
export const startReceiptWorker = (): void => exposeWorker(browserHost());
