/**
 * The page's public object.
 *
 *   app ─call─▶ client ─checked call─▶ bridge ─▶ worker ─▶ engine
 *   app ◀─values─ Watching ◀─ bridge ◀─ worker ◀─ engine        page lifecycle ─▶ worker
 *                   ▲ first paint (IndexedDB), until the worker runs
 */
import { clientOf } from './account-client.ts';
import { hasNoBrowser, openWithoutBrowser, requirePage } from './no-browser.ts';
import { openAccount } from './open-account.ts';
import { checkOptions } from './options.ts';
import type { Json } from '../model/message/message.ts';
import type { ReceiptClient } from './receipt-client.ts';
import type { ReceiptClientOptions } from './receipt-client-options.ts';

/**
 * Opens an account on this device. Returns at once; earlier calls wait for the worker.
 *
 * On a server that renders pages, the client does nothing: its streams emit nothing, and its calls reject with `usage/no-browser`.
 *
 * `createReceiptClient<MyBody>(…)` gives the client the type of its message bodies, which the compiler alone then knows; the option
 * `bodySchema` gives the type and checks it.
 *
 * @throws {UsageError} `usage/invalid-option`, also in a worker, and on a simulated page that lacks what the client needs.
 */
export const createReceiptClient = <Body = Json>(options: ReceiptClientOptions<Body>): ReceiptClient<Body> => {
  checkOptions(options);
  const { userId, bodySchema } = options;
  if (hasNoBrowser()) return clientOf(userId, openWithoutBrowser(), bodySchema);
  requirePage(options.worker !== undefined);
  return clientOf(userId, openAccount(options), bodySchema);
};
