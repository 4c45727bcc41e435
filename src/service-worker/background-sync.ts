/**
 * What was done offline reaches the server even when no page is open any more: Background Sync wakes the service worker, which drains
 * every account's outbox through the HTTP door. Where a page leads, it is asked to do so; a frozen one is not waited for.
 */
import { sendOutboxOverHttp } from '../engine/sync/outbox/send-outbox-over-http.ts';
import { TransportError } from '../errors.ts';
import { accountDatabases } from '../store/accounts.ts';
import { leading } from './lead.ts';
import { type OpenAccount, until, withAccount } from './open-account.ts';
import type { LoggedSyncOptions } from './options.ts';
import { errorDetails } from '../logging.ts';

/** A page that leads has this long to send what it was asked to; then the browser is asked to come back. */
const PAGE_TIMEOUT_MS = 10_000;

/** How long a server may go on refusing before the browser is asked to come back: it does, three times in all and ever later. */
const REFUSED_TIMEOUT_MS = 30_000;
/** The browser does not come back after this one. Chromium ends such an event after three minutes. */
const LAST_CHANCE_TIMEOUT_MS = 2 * 60_000;

const drain = async (open: OpenAccount, timeoutMs: number): Promise<void> => {
  const { name, account, ports, writer } = open;
  const isEmpty = (): boolean => writer.model.outbox.size === 0;
  if (isEmpty()) return;
  const led = await leading(name, ports.bus, async () => sendOutboxOverHttp(ports, account, writer, await writer.takeFence(), timeoutMs));
  if (!led && !(await until(open, isEmpty, PAGE_TIMEOUT_MS)))
    throw new TransportError('transport/timeout', 'the page that leads did not send what is owed');
};

/**
 * Every account of this server on this device. Rejects when one could not be drained, so that the browser comes back.
 *
 * @param isLastChance the browser will not come back for this one: what stays is sent by the next page.
 * @see https://wicg.github.io/background-sync/spec/#sync-event
 */
export const drainAllAccounts = async (options: LoggedSyncOptions, isLastChance = false): Promise<void> => {
  const timeoutMs = isLastChance ? LAST_CHANCE_TIMEOUT_MS : REFUSED_TIMEOUT_MS;
  const names = await accountDatabases(indexedDB, options.url);
  const ends = await Promise.allSettled(names.map((name) => withAccount(name, options, (open) => drain(open, timeoutMs))));
  for (const end of ends) if (end.status === 'rejected') options.log('warn', 'outbox-not-sent', errorDetails(end.reason));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
};
