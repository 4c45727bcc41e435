/** The page's answers to calls of its worker. */
import type { PageSide } from '../bridge/worker-api.ts';
import { appErrorDetails, type Log } from '../logging.ts';
import { releaseBadge, showOnBadge } from '../platform/app-badge.ts';
import { accountOfDatabase } from '../model/storage-name.ts';
import { closeNotificationsOf } from './page/close-notifications.ts';
import { deviceId, forgetDevice } from './page/device.ts';
import { badgeCounts } from './options.ts';
import type { ReceiptClientOptions } from './receipt-client-options.ts';

export const createPageSide = (
  account: string,
  { url, getToken, appBadge }: Pick<ReceiptClientOptions, 'url' | 'getToken' | 'appBadge'>,
  log: Log,
): PageSide => ({
  log: async (...record) => log(...record),
  async getToken() {
    try {
      return await getToken();
    } catch (error) {
      // Without a network most apps have no token: that is no fault.
      if (navigator.onLine) log('warn', 'token-not-given', appErrorDetails(error));
      throw error;
    }
  },
  deviceId,
  async renewDevice(database) {
    await forgetDevice(database);
    return deviceId(database);
  },
  // The last step of a log-out, also after a crash. A user who logs in again with the badge on keeps the badge, without the number.
  async forgetDevice(database) {
    await forgetDevice(database);
    const userId = accountOfDatabase(url, database);
    // The browser may refuse. The log-out itself has happened.
    if (userId !== null) await closeNotificationsOf(userId).catch(() => undefined);
    await (badgeCounts(appBadge) && database === account ? showOnBadge(database, null) : releaseBadge(database));
  },
});
