/**
 * A push only announces a message. The service worker fetches and stores the message like a tab, sets the badge, shows
 * the app's notification, and sends the delivery receipt. Each step may fail alone. A push may be late, doubled, lost,
 * or for a removed account: store and server decide.
 */
import { newsOf } from '../engine/queries/pushed-message.ts';
import { catchUpOverHttp } from '../engine/sync/feed/catch-up-over-http.ts';
import { until } from '../engine/headless/with-account.ts';
import { withLead } from '../engine/headless/with-lead.ts';
import { sendOutboxOverHttp } from '../engine/sync/outbox/send-outbox-over-http.ts';
import { FencedError, LoggedOutError } from '../engine/write/log-header.ts';
import { AuthError, TransportError } from '../errors.ts';
import { contains } from '../model/registers/ranges.ts';
import { notificationTag } from '../model/notification-tag.ts';
import { databaseName, SYNC_TAG } from '../model/storage-name.ts';
import { closeNotifications } from '../platform/notifications.ts';
import { type PushFrame, readPush } from '../transport/web-push.ts';
import { Notice } from './notice.ts';
import { type OpenAccount, withAccount } from './open-account.ts';
import type { LoggedSyncOptions } from './options.ts';
import { appErrorDetails, errorDetails } from '../logging.ts';

/** The time to wait for a leader tab, which most likely got the message already. A longer wait would be noticed by the user. */
const PAGE_TIMEOUT_MS = 3000;
/** The time for the server's answer before the notification. After this time, the notification shows the push's own content. */
const SERVER_TIMEOUT_MS = 8000;
/** The time for a refusing server to take the delivery receipt. After this time, Background Sync sends the receipt later. */
const REFUSED_TIMEOUT_MS = 5000;

/** The work of one push, with its failures. */
class Taking {
  readonly failures: unknown[] = [];

  constructor(
    private readonly push: PushFrame,
    private readonly options: LoggedSyncOptions,
    readonly notice: Notice,
  ) {}

  /** Runs one step. A failure is reported at the end and stops no later step, unless the account is gone. */
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
    const isStored = (): boolean => contains(writer.model.get(conversationId)?.storedSeqs ?? [], message.seq);
    const storedByPage = (): Promise<boolean> => until(open, isStored, PAGE_TIMEOUT_MS);
    // The task with the lead and the wait for a page may both come to show the message.
    let news: Promise<void> | null = null;
    const showOnce = (isCaughtUp: boolean): Promise<void> => (news ??= this.showNews(open, isCaughtUp));
    const led = await withLead(ports, lockName, async () => {
      const fence = await writer.takeFence();
      const caughtUp = catchUpOverHttp(ports, account, writer, fence, wanted).then(
        () => true,
        async (error: unknown) => {
          // A page took the lead meanwhile, and gets the message.
          if (error instanceof FencedError) return storedByPage().then(() => false);
          // Show nothing for an account with a refused token. Without a network, show the push's own content.
          if (error instanceof LoggedOutError || (error instanceof AuthError && error.code !== 'auth/unavailable')) throw error;
          if (!(error instanceof TransportError || error instanceof AuthError)) this.failures.push(error);
          return false;
        },
      );
      const late = new Promise<false>((resolve) => void ports.clock.timer(SERVER_TIMEOUT_MS, () => resolve(false)));
      const shown = showOnce(await Promise.race([caughtUp, late]));
      shown.catch(() => undefined);
      try {
        await caughtUp;
        await sendOutboxOverHttp(ports, account, writer, fence, REFUSED_TIMEOUT_MS).catch(() => this.requestSync().catch(() => undefined));
      } finally {
        await shown;
      }
    });
    if (led) return;
    await storedByPage();
    await showOnce(false);
  }

  private async showNews(open: OpenAccount, isCaughtUp: boolean): Promise<void> {
    await this.alone(open.showBadge);
    await this.alone(() => this.notify(open, isCaughtUp));
    await this.alone(() => this.notice.showPlain());
  }

  private async notify({ account, writer }: OpenAccount, isCaughtUp: boolean): Promise<void> {
    const { push, options, notice } = this;
    const { registration, clients } = options.scope;
    const news = await newsOf(writer, push.conversationId, push.message, isCaughtUp);
    if (!news || !options.notification) return;
    const windows = await clients.matchAll({ type: 'window', includeUncontrolled: true });
    const { message, ...counts } = news;
    const { userId } = account;
    const context = {
      userId,
      visible: windows.some(({ visibilityState }) => visibilityState === 'visible'),
      focused: windows.some(({ focused }) => focused),
      ...counts,
    };
    const shown = await notice.inTime(Promise.resolve(options.notification(message, context)));
    // The app's answer may have taken long: read the store again.
    await writer.refresh();
    if (!shown || writer.model.paused) return;
    const { conversationId } = push;
    await notice.show(shown.title, { tag: notificationTag(userId, conversationId, push.message.seq), ...shown.options });
    if (!shown.replacesOlder) return;
    await closeNotifications(registration, userId, (all) => {
      const newest = Math.max(...all.filter((one) => one.conversationId === conversationId).map(({ seq }) => seq));
      return all.map((one) => one.conversationId === conversationId && one.seq < newest);
    });
  }

  /** Asks the browser for a Background Sync, to send the delivery receipt with the network back. */
  private async requestSync(): Promise<void> {
    const { sync } = this.options.scope.registration as { readonly sync?: { register(tag: string): Promise<void> } };
    await sync?.register(SYNC_TAG);
  }
}

/**
 * Takes one push. Resolves after all work; ignores pushes of other protocols. A notification is shown in every case.
 * Rejects with the first failure, after the rest was done.
 *
 * @param navigate the address of the notification that a declarative push proposes.
 */
export const takePush = async (text: string, options: LoggedSyncOptions, navigate?: string): Promise<void> => {
  const push = readPush(text);
  if (!push) return;
  const notice = new Notice(options, push.userId, new URL(options.url).hostname, navigate);
  if (push.type === 'unreadable') {
    options.log('warn', 'push-not-read', errorDetails(push.error));
    return notice.showPlain().finally(notice.close);
  }
  const taking = new Taking(push, options, notice);
  const { failures } = taking;
  await taking.alone(async () => {
    const name = databaseName(options.url, push.userId);
    // A push never creates a database: without one, the account was logged out or never logged in.
    const names = await options.taskPorts.databases();
    if (names.includes(name)) await withAccount(name, options, (open) => taking.take(open));
  });
  await taking.alone(() => notice.showPlain());
  notice.close();
  for (const failure of failures) options.log('warn', 'push-not-taken', appErrorDetails(failure));
  if (failures.length > 0) throw failures[0];
};
