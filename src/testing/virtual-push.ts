/** A Web Push on a virtual device: the real code of the service worker takes it. */
import { databaseName } from '../model/storage-name.ts';
import type { Ports } from '../ports/ports.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { ReceiptSyncOptions } from '../service-worker/options.ts';
import { takePush } from '../service-worker/push.ts';
import { LOCK } from './host-account.ts';

/** A notification on a virtual device. */
export interface VirtualNotification {
  readonly title: string;
  readonly options?: NotificationOptions;
}

const URL = 'wss://world.invalid';

/**
 * @param ports the ports of the service worker's process.
 * @param shown the notifications of the device. A notification replaces an older one with the same tag.
 */
export const takePushOn = (
  ports: Ports,
  push: PushFrame,
  shown: VirtualNotification[],
  windows: number,
  notification: ReceiptSyncOptions['notification'],
): Promise<void> =>
  takePush(JSON.stringify(push), {
    url: URL,
    getToken: () => '',
    log: ports.log,
    ...(notification ? { notification } : {}),
    taskPorts: {
      clock: ports.clock,
      databases: async () => [databaseName(URL, push.userId)],
      openStore: async () => ports.store,
      ports: () => ({ ...ports, locks: { acquire: (_, request) => ports.locks.acquire(LOCK, request) } }),
      showOnBadge: async () => undefined,
      notePending: async () => undefined,
    },
    scope: {
      addEventListener: () => undefined,
      registration: {
        scope: 'https://app.example/',
        async showNotification(title, options) {
          const older = shown.findIndex((one) => one.options?.tag === options?.tag);
          shown.splice(older < 0 ? shown.length : older, older < 0 ? 0 : 1, { title, ...(options ? { options } : {}) });
        },
        getNotifications: async () =>
          shown.map((one) => ({
            tag: one.options?.tag ?? '',
            close: () => void shown.splice(shown.indexOf(one), 1),
          })),
      },
      clients: {
        matchAll: async () =>
          Array.from({ length: windows }, () => ({
            url: 'https://app.example/',
            visibilityState: 'visible' as const,
            focused: false,
            focus: async () => undefined,
            navigate: async () => undefined,
          })),
        openWindow: async () => undefined,
      },
    },
  });
