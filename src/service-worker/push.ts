/**
 * A push says that there is a message, and no more: what it says is fetched and stored as in any other tab and the badge is set; then the
 * app's notification is shown, and the delivery told. Each of these may fail alone. A push may be late, doubled, lost, or of an account that
 * is gone; the store and the server decide.
 */
import { newsOf } from '../engine/queries/pushed-message.ts';
import { catchUpOverHttp } from '../engine/sync/feed/catch-up-over-http.ts';
import { until } from '../engine/headless/with-account.ts';
import { withLead } from '../engine/headless/with-lead.ts';
import { sendOutboxOverHttp } from '../engine/sync/outbox/send-outbox-over-http.ts';
import { LoggedOutError } from '../engine/write/log-header.ts';
import { AuthError, TransportError } from '../errors.ts';
import { contains } from '../model/ranges.ts';
import { databaseName, SYNC_TAG } from '../model/storage-name.ts';
import { accountDatabases } from '../store/accounts.ts';
import { type PushFrame, readPush } from '../transport/web-push.ts';
import { Notice } from './notice.ts';
import { type OpenAccount, withAccount } from './open-account.ts';
import type { LoggedSyncOptions, ServiceWorkerScope } from './options.ts';
import { appErrorDetails } from '../logging.ts';

/** A page that leads has it from its socket, most likely already; it is not waited for longer than a user would notice. */
const PAGE_TIMEOUT_MS = 3000;
/** A server that takes longer is not waited for by the notification: it shows what the push itself says. */
const SERVER_TIMEOUT_MS = 8000;
/** The delivery receipt waits for a server that refuses it no longer than this: Background Sync sends it later. */
const REFUSED_TIMEOUT_MS = 5000;

const isVisible = (client: object): boolean => 'visibilityState' in client && client.visibilityState === 'visible';

/** One push, and what went wrong with it. */
class Taking {
  readonly failures: unknown[] = [];

  constructor(
    private readonly push: PushFrame,
    private readonly options: LoggedSyncOptions,
    private readonly scope: ServiceWorkerScope,
    readonly notice: Notice,
  ) {}

  /** What fails is told at the end; what comes after it is done all the same, unless the account is gone. */
  async alone(run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (error instanceof LoggedOutError) throw error;
      this.failures.push(error);
    }
  }

  async take(open: OpenAccount): Promise<void> {
    const { account, lockName, ports, writer } = open;
    const { conversationId, message } = this.push;
    const wanted = { conversationId, seq: message.seq };
    const isHeld = (): boolean => contains(writer.model.get(conversationId)?.storedSeqs ?? [], message.seq);
    const led = await withLead(ports, lockName, async () => {
      const fence = await writer.takeFence();
      const caughtUp = catchUpOverHttp(ports, account, writer, fence, wanted).then(
        () => true,
        (error: unknown) => {
          // Of an account that may not speak nothing is told; without a network, what the push itself says.
          if (error instanceof LoggedOutError || (error instanceof AuthError && error.code !== 'auth/unavailable')) throw error;
          if (!(error instanceof TransportError || error instanceof AuthError)) this.failures.push(error);
          return false;
        },
      );
      const late = new Promise<false>((resolve) => void ports.clock.timer(SERVER_TIMEOUT_MS, () => resolve(false)));
      const told = this.tell(open, await Promise.race([caughtUp, late]));
      told.catch(() => undefined);
      try {
        await caughtUp;
        await sendOutboxOverHttp(ports, account, writer, fence, REFUSED_TIMEOUT_MS).catch(() => this.wishForSync().catch(() => undefined));
      } finally {
        await told;
      }
    });
    if (led) return;
    await until(open, isHeld, PAGE_TIMEOUT_MS);
    await this.tell(open, false);
  }

  private async tell(open: OpenAccount, isCaughtUp: boolean): Promise<void> {
    await this.alone(open.showBadge);
    await this.alone(() => this.notify(open, isCaughtUp));
    await this.alone(() => this.notice.showPlain());
  }

  private async notify({ account, writer }: OpenAccount, isCaughtUp: boolean): Promise<void> {
    const { push, options, scope, notice } = this;
    const news = await newsOf(writer, push.conversationId, push.message, isCaughtUp);
    if (!news || !options.notification) return;
    const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const context = {
      userId: account.userId,
      muted: news.muted,
      visible: windows.some(isVisible),
      totalUnreadCount: writer.model.totalUnreadCount,
    };
    const shown = await notice.inTime(Promise.resolve(options.notification(news.message, context)));
    // The app may have taken its time.
    await writer.refresh();
    if (!shown || writer.model.paused) return;
    await notice.show(shown.title, { tag: `tidemark:${account.userId}:${push.message.id}`, ...shown.options });
  }

  /** The delivery receipt goes now, or when the network is back. */
  private async wishForSync(): Promise<void> {
    const { sync } = this.scope.registration as { readonly sync?: { register(tag: string): Promise<void> } };
    await sync?.register(SYNC_TAG);
  }
}

/**
 * Resolves when everything that follows from it is done; anything that is no push of this protocol is left alone. Whatever becomes of a
 * push, something is shown. Rejects with what failed first, after the rest was done.
 */
export const takePush = async (text: string, options: LoggedSyncOptions, scope: ServiceWorkerScope): Promise<void> => {
  const push = readPush(text);
  if (!push) return;
  const notice = new Notice(scope, push.userId, new URL(options.url).hostname);
  const taking = new Taking(push, options, scope, notice);
  const { failures } = taking;
  await taking.alone(async () => {
    const name = databaseName(options.url, push.userId);
    // Never made by a push: what is not there was logged out, or never logged in.
    const names = await accountDatabases(indexedDB, options.url);
    if (names.includes(name)) await withAccount(name, options, (open) => taking.take(open));
  });
  await taking.alone(() => notice.showPlain());
  notice.close();
  for (const failure of failures) options.log('warn', 'push-not-taken', appErrorDetails(failure));
  if (failures.length > 0) throw failures[0];
};
