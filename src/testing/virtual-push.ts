/** A Web Push on a virtual device: the real code of the service worker takes it. */
import { databaseName } from '../model/storage-name.ts';
import type { UserId } from '../model/ids.ts';
import type { Ports } from '../ports/ports.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { LoggedSyncOptions, ReceiptSyncOptions, ServiceWorkerScope, WindowOfApp } from '../service-worker/options.ts';
import { takePush } from '../service-worker/push.ts';
import { LOCK } from './host-account.ts';

/** A notification on a virtual device. */
export interface VirtualNotification {
  /** The first line. */
  readonly title: string;
  /** The options, as given to `showNotification`. */
  readonly options?: NotificationOptions;
}

const URL = 'wss://world.invalid';

const WINDOW: WindowOfApp = {
  url: 'https://app.example/',
  visibilityState: 'visible',
  focused: false,
  focus: async () => undefined,
  navigate: async () => undefined,
};

/**
 * The options of the service worker on a virtual device.
 *
 * @param ports the ports of the service worker's process.
 * @param windows returns the number of the app's open windows.
 * @param notifications shows and lists the notifications of the device.
 */
export const serviceWorkerOptions = (
  ports: Ports,
  userId: UserId,
  windows: () => number,
  notifications: Omit<ServiceWorkerScope['registration'], 'scope'>,
): LoggedSyncOptions => ({
  url: URL,
  getToken: () => '',
  log: ports.log,
  taskPorts: {
    clock: ports.clock,
    databases: async () => [databaseName(URL, userId)],
    openStore: async () => ports.store,
    ports: () => ({ ...ports, locks: { acquire: (_, request) => ports.locks.acquire(LOCK, request) } }),
    showOnBadge: async () => undefined,
    notePending: async () => undefined,
  },
  scope: {
    addEventListener: () => undefined,
    registration: { scope: WINDOW.url, ...notifications },
    clients: { matchAll: async () => Array.from({ length: windows() }, () => WINDOW), openWindow: async () => undefined },
  },
});

/** @param shown the notifications of the device. A notification replaces an older one with the same tag. */
export const takePushOn = (
  ports: Ports,
  push: PushFrame,
  shown: VirtualNotification[],
  windows: () => number,
  notification: ReceiptSyncOptions['notification'],
): Promise<void> => {
  const options = serviceWorkerOptions(ports, push.userId, windows, {
    async showNotification(title, given) {
      const older = shown.findIndex((one) => one.options?.tag === given?.tag);
      shown.splice(older < 0 ? shown.length : older, older < 0 ? 0 : 1, { title, ...(given ? { options: given } : {}) });
    },
    getNotifications: async () =>
      shown.map((one) => ({ tag: one.options?.tag ?? '', close: () => void shown.splice(shown.indexOf(one), 1) })),
  });
  return takePush(JSON.stringify(push), { ...options, ...(notification ? { notification } : {}) });
};
