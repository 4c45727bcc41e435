/**
 * A push says that there is a message, and no more: what it says is fetched and stored as in any other tab, its delivery told, the badge
 * set, and the app's notification shown. A push may be late, doubled, lost, or of an account that is gone; the store and the server decide.
 */
import { newsOf } from '../engine/pushed-message.ts';
import { catchUpOverHttp } from '../engine/sync/catch-up-over-http.ts';
import { drainOverHttp } from '../engine/sync/drain-over-http.ts';
import { LoggedOutError } from '../engine/head.ts';
import { AuthError } from '../errors.ts';
import { contains } from '../model/ranges.ts';
import { databaseName, SYNC_TAG } from '../model/storage-name.ts';
import { accountDatabases } from '../store/accounts.ts';
import { type PushFrame, readPush } from '../transport/web-push.ts';
import { leading } from './lead.ts';
import { type OpenAccount, until, withAccount } from './open-account.ts';
import type { ReceiptSyncOptions, ServiceWorkerScope } from './options.ts';

/** A page that leads has it from its socket, most likely already; it is not waited for longer than a user would notice. */
const PAGE_PATIENCE_MS = 3000;

const isVisible = (client: object): boolean => 'visibilityState' in client && client.visibilityState === 'visible';

const notify = async (open: OpenAccount, push: PushFrame, isCaughtUp: boolean, options: ReceiptSyncOptions, scope: ServiceWorkerScope) => {
  const { account, writer } = open;
  const news = await newsOf(writer, push.conversationId, push.message, isCaughtUp);
  if (!news || !options.notification) return;
  const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const shown = await options.notification(news.message, {
    userId: account.userId,
    muted: news.muted,
    visible: windows.some(isVisible),
    totalUnreadCount: writer.model.totalUnreadCount,
  });
  // The app may have taken its time.
  await writer.refresh();
  if (!shown || writer.model.paused) return;
  const tag = `tidemark:${account.userId}:${push.message.id}`;
  await scope.registration.showNotification(shown.title, { tag, ...shown.options });
};

/** The delivery receipt goes now, or when the network is back. */
const wishForSync = async ({ registration }: ServiceWorkerScope): Promise<void> => {
  const { sync } = registration as { readonly sync?: { register(tag: string): Promise<void> } };
  await sync?.register(SYNC_TAG);
};

const take = async (open: OpenAccount, push: PushFrame, options: ReceiptSyncOptions, scope: ServiceWorkerScope): Promise<void> => {
  const { name, account, ports, writer } = open;
  const { conversationId, message } = push;
  const wanted = { conversationId, seq: message.seq };
  const isHeld = (): boolean => contains(writer.model.get(conversationId)?.held ?? [], message.seq);
  let notified: Promise<void> = Promise.resolve();
  const led = await leading(name, ports.bus, async () => {
    const fence = await writer.takeFence();
    let isCaughtUp = true;
    try {
      await catchUpOverHttp(ports, account, writer, fence, wanted);
    } catch (error) {
      // Of an account that may not speak nothing is shown; without a network, what the push itself says.
      if (error instanceof LoggedOutError || (error instanceof AuthError && error.code !== 'auth/unavailable')) throw error;
      isCaughtUp = false;
    }
    notified = notify(open, push, isCaughtUp, options, scope);
    notified.catch(() => undefined);
    await drainOverHttp(ports, account, writer, fence).catch(() => wishForSync(scope).catch(() => undefined));
  });
  if (!led) {
    await until(open, isHeld, PAGE_PATIENCE_MS);
    notified = notify(open, push, false, options, scope);
  }
  await notified;
};

/** Resolves when everything that follows from it is done; anything that is no push of this protocol is left alone. */
export const takePush = async (text: string, options: ReceiptSyncOptions, scope: ServiceWorkerScope): Promise<void> => {
  const push = readPush(text);
  if (!push) return;
  const name = databaseName(options.url, push.userId);
  // Never made by a push: what is not there was logged out, or never logged in.
  const names = await accountDatabases(indexedDB, options.url);
  if (names.includes(name)) await withAccount(name, options, (open) => take(open, push, options, scope));
};
