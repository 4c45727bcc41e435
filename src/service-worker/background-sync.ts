/** Background Sync: the browser wakes the service worker, which sends the pending entries of every account, with or without a page. */
import { sendPending } from '../engine/headless/send-pending.ts';
import { withAccount } from './open-account.ts';
import type { LoggedSyncOptions } from './options.ts';
import { errorDetails } from '../logging.ts';

/** The browser does not wake the service worker again after its last attempt. Chromium ends such an event after three minutes. */
const LAST_CHANCE_TIMEOUT_MS = 2 * 60_000;

/**
 * Sends the pending entries of every account of this server on this device. Rejects if an account could not send its
 * entries: the browser then wakes the service worker again, three times in all, each time later.
 *
 * @param isLastChance the browser makes no further attempt: the next page sends the rest.
 * @see https://wicg.github.io/background-sync/spec/#sync-event
 */
export const drainAllAccounts = async (options: LoggedSyncOptions, isLastChance = false): Promise<void> => {
  const timeoutMs = isLastChance ? LAST_CHANCE_TIMEOUT_MS : undefined;
  const names = await options.taskPorts.databases();
  const ends = await Promise.allSettled(names.map((name) => withAccount(name, options, (open) => sendPending(open, timeoutMs))));
  for (const end of ends) if (end.status === 'rejected') options.log('warn', 'outbox-not-sent', errorDetails(end.reason));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
};
