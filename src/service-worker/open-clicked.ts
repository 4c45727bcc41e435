/** A click on a notification: a window of the app shows the conversation. */
import { appErrorDetails } from '../logging.ts';
import type { NotificationRef } from '../model/notification-tag.ts';
import type { ShownNotification } from '../platform/notifications.ts';
import type { LoggedSyncOptions, WindowOfApp } from './options.ts';

/** Leads a window to the address. @returns false if the browser refuses: the service worker does not control the window. */
const lead = async (window: WindowOfApp, address: string): Promise<boolean> => {
  try {
    // A browser that does not let the window come to the front may still lead it.
    await window.focus().catch(() => undefined);
    await window.navigate(address);
    return true;
  } catch {
    return false;
  }
};

/** Closes the notification and shows the page that the app's `addressOf` names. Never rejects. */
export const openClicked = async (notification: ShownNotification, clicked: NotificationRef, options: LoggedSyncOptions): Promise<void> => {
  const { addressOf, scope, log } = options;
  notification.close();
  if (!addressOf) return;
  try {
    const address = new URL(addressOf(clicked), scope.registration.scope).href;
    const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const there = windows.find(({ url }) => url === address);
    if (there) {
      await there.focus();
      return;
    }
    const window =
      windows.find(({ focused }) => focused) ?? windows.find(({ visibilityState }) => visibilityState === 'visible') ?? windows[0];
    if (!window || !(await lead(window, address))) await scope.clients.openWindow(address);
  } catch (error) {
    log('warn', 'notification-not-opened', appErrorDetails(error));
  }
};
