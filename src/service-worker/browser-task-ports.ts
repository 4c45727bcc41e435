/** The browser's own implementation of the ports that the tasks of the service worker need. */
import { showOnBadge } from '../platform/app-badge.ts';
import { browserBus, browserClock, browserLocks, browserRandom, browserRoom, PageLife, pageToken } from '../platform/browser-ports.ts';
import { accountDatabases } from '../store/accounts.ts';
import { openDiskStore } from '../store/disk-store.ts';
import { openSealedDisk } from '../store/sealed-store.ts';
import { webCipher } from '../store/web-cipher.ts';
import { cacheStorage, keepNote, notePending } from '../store/loss-marker.ts';
import { browserNet } from '../transport/browser-net.ts';
import type { LoggedSyncOptions } from './options.ts';
import type { TaskPorts } from './task-ports.ts';

export const browserTaskPorts = ({ url, getToken, log }: Pick<LoggedSyncOptions, 'url' | 'getToken' | 'log'>): TaskPorts => ({
  clock: browserClock,
  databases: () => accountDatabases(indexedDB, url),
  openStore: (name) =>
    openSealedDisk(() => openDiskStore(name, { clock: browserClock, room: browserRoom }), webCipher(crypto), browserClock),
  ports: (name, { userId }, store) => ({
    clock: browserClock,
    random: browserRandom,
    store,
    net: browserNet(url),
    locks: browserLocks,
    bus: browserBus(name),
    life: new PageLife(),
    token: pageToken({ getToken: async () => getToken(userId) }, browserClock),
    fault: () => undefined,
    log,
  }),
  showOnBadge,
  notePending: (name, generation, pending) => notePending(keepNote(cacheStorage(globalThis), name), generation, pending),
});
