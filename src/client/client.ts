/**
 * The page's public object. The client checks every call, passes the call over the bridge to the worker, and opens the
 * account's Observables.
 *
 *   app ─call─▶ client ─checked call─▶ bridge ─▶ worker ─▶ engine
 *   app ◀─values─ Watching ◀─ bridge ◀─ worker ◀─ engine        page lifecycle ─▶ worker
 *                   ▲ first paint (IndexedDB), until the worker runs
 */
import { defer, from, map, type Observable } from 'rxjs';
import { releaseBadge } from '../platform/app-badge.ts';
import { WorkerConnection } from '../bridge/connect.ts';
import { sourceOf } from '../bridge/worker-source.ts';
import { UsageError } from '../errors.ts';
import { MAX_TIMER_MS } from '../ports/ports.ts';
import { type ConversationId, requireConversationId, requireId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import { databaseName } from '../model/storage-name.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import { keepBadge } from './page/keep-badge.ts';
import { DEFAULT_FLUSH_MS, DEFAULT_LIMIT, MAX_LIMIT, optionalFlag, requireCount, requireList, requireTotal } from './arguments.ts';
import { changesOf } from './changes.ts';
import { requestSyncWhenOffline } from './page/background-sync.ts';
import { requirePage } from './worker-start/browser-page.ts';
import { closeReadNotifications } from './page/close-notifications.ts';
import { closedByApp, closedByLogOut } from './closed-errors.ts';
import { deviceId } from './page/device.ts';
import { readFirstPaint } from './page/first-paint.ts';
import { badgeCounts, checkOptions } from './options.ts';
import { OwnWorkers } from './worker-start/own-workers.ts';
import { Persistence } from './page/persistence.ts';
import { questionsOf } from './questions.ts';
import { watchPage } from './page/page-lifecycle.ts';
import { createPageSide } from './page-side.ts';
import type { ReceiptClient } from './receipt-client.ts';
import type { LogOutOptions, ReceiptClientOptions } from './receipt-client-options.ts';
import { type OpenView, viewConversation } from './view/view-conversation.ts';
import { Watching } from './watching.ts';
import { withWorkerTrouble } from './worker-trouble.ts';
import { safeLog } from '../logging.ts';

/**
 * Opens an account on this device. Returns at once; earlier calls wait for the worker.
 *
 * @throws {UsageError} `usage/invalid-option`, also without a browser page: on a rendering server, or in a worker.
 */
export const createReceiptClient = (options: ReceiptClientOptions): ReceiptClient => {
  checkOptions(options);
  requirePage(options.worker !== undefined);
  const { url, userId, deliveryReceipts, readReceipts, retention } = options;
  const badge = badgeCounts(options.appBadge);
  const name = databaseName(url, userId);
  // Read the first paint while the worker starts: the record is there first.
  const paint = readFirstPaint(name);
  const settings = {
    ...(deliveryReceipts === undefined ? {} : { deliveryReceipts }),
    ...(readReceipts === undefined ? {} : { readReceipts }),
  };
  const config = async (isFirst: boolean) => ({
    url,
    userId,
    deviceId: await deviceId(name),
    ...(retention ? { retention } : {}),
    settings: isFirst ? settings : {},
    logsAll: options.log !== undefined,
  });
  const log = safeLog(options.log);
  const setsAtStart = Object.keys(settings).length > 0;
  const workers = options.worker ? sourceOf(options.worker) : new OwnWorkers();
  const connection = new WorkerConnection(workers, config, createPageSide(name, options, log), setsAtStart);
  const persistence = new Persistence(navigator);
  const intent: typeof connection.intent = (name, ...args) => {
    const stored = connection.intent(name, ...args);
    stored.then(
      () => persistence.worthKeeping(),
      () => undefined,
    );
    return stored;
  };
  const watching = new Watching(connection.streams, paint, connection.started);
  const stopWatchingPage = watchPage((event) => connection.life(event));
  const stopRequestingSync = requestSyncWhenOffline(
    () => watching.watch({ of: 'outbox' }),
    () => watching.watch({ of: 'connection' }),
  );
  const stopBadge = keepBadge(name, badge, () => watching.watch({ of: 'badge' }));
  const stopClosing = closeReadNotifications(
    userId,
    watching.watch({ of: 'reads' }),
    (messages) => connection.query('settledOf', messages),
    from(connection.streams.over),
  );
  let closing: Promise<void> | null = null;
  let closed: (() => UsageError) | null = null;
  const views = new Set<OpenView>();
  const shut = (why: () => UsageError): void => {
    closed ??= why;
    stopWatchingPage();
    stopRequestingSync();
    stopBadge();
    stopClosing();
    for (const view of views) view.close();
  };
  // Another tab may log out too.
  void connection.streams.over.then(() => shut(closedByLogOut));
  const close = async (): Promise<void> => {
    const openCalls = [...views].flatMap((view) => view.underWay() ?? []);
    shut(closedByApp);
    if (openCalls.length > 0) await Promise.all(openCalls);
    await connection.close();
  };

  const requireOpen = (): void => {
    if (closed) throw closed();
  };
  const conversation = (id: unknown): ConversationId => {
    requireOpen();
    return requireConversationId(id, userId);
  };
  const watch = <T extends Topic>(topic: T): Observable<TopicValue[T['of']]> => {
    requireOpen();
    return defer(() => {
      // Throw here: a component that subscribes late would otherwise show nothing, without any reason.
      if (closed === closedByApp) throw closedByApp();
      return watching.watch(topic);
    });
  };

  const limitOf = (given: { readonly limit?: number } | undefined, call: string): number =>
    requireCount(readOptions(given, call, { limit: 1 }).limit ?? DEFAULT_LIMIT, 'limit', MAX_LIMIT);

  return {
    userId,

    viewConversation(conversationId, given) {
      const id = conversation(conversationId);
      const { receipts } = readOptions(given, 'viewConversation', { receipts: 1 });
      const view = viewConversation(connection, watching, id, optionalFlag(receipts, 'receipts') ?? true);
      views.add(view);
      return {
        firstUnread: view.firstUnread,
        seen: (messageId) => view.seen(messageId),
        close() {
          view.close();
          const left = (): void => void views.delete(view);
          void (view.underWay() ?? Promise.resolve()).then(left);
        },
      };
    },
    ...changesOf({ intent, requireOpen, conversation }),
    ...questionsOf({ connection, persistence, requireOpen, conversation }),

    async flush(given) {
      requireOpen();
      const { timeoutMs = DEFAULT_FLUSH_MS } = readOptions(given, 'flush', { timeoutMs: 1 });
      return connection.query('flush', requireCount(timeoutMs, 'timeoutMs', MAX_TIMER_MS));
    },
    async logOut(given) {
      requireOpen();
      // Callers without types may pass anything.
      const names = { pending: 1, timeoutMs: 1, keepData: 1 } as const;
      const { pending, timeoutMs = DEFAULT_FLUSH_MS, keepData } = readOptions(given as Partial<LogOutOptions> | undefined, 'logOut', names);
      if (pending !== 'send' && pending !== 'discard')
        throw new UsageError('usage/invalid-argument', `pending must be 'send' or 'discard'; got ${String(pending)}`);
      await connection.logOut({
        pending,
        timeoutMs: requireCount(timeoutMs, 'timeoutMs', MAX_TIMER_MS),
        keepData: optionalFlag(keepData, 'keepData') ?? false,
      });
      await releaseBadge(name);
    },
    close: () => (closing ??= close()),

    watchTotalUnreadCount: (given) => watch({ of: 'total-unread', wanted: requireTotal(given, 'watchTotalUnreadCount') }),
    watchUnreadCount: (id) => watch({ of: 'unread', conversationId: conversation(id) }),
    watchMentionCount: (id) => watch({ of: 'mentions', conversationId: conversation(id) }),
    watchConversations: (given) => watch({ of: 'conversations', ...requireList(given, 'watchConversations', userId) }),
    watchConversation: (id) => watch({ of: 'conversation', conversationId: conversation(id) }),
    watchMessages: (id, given) => watch({ of: 'messages', conversationId: conversation(id), limit: limitOf(given, 'watchMessages') }),
    watchReceipts: (messageId) => watch({ of: 'receipts', messageId: requireId(messageId, 'messageId') }),
    watchReceiptsIn: (id, given) =>
      watch({ of: 'receipts-in', conversationId: conversation(id), limit: limitOf(given, 'watchReceiptsIn') }),
    watchConnection: () => persistence.joined(withWorkerTrouble(watch({ of: 'connection' }), connection.trouble$)),
    watchOutbox: () => watch({ of: 'outbox' }),
    watchDeadLetters: () => watch({ of: 'dead-letters' }),
    watchReceiptSettings: () => watch({ of: 'receipt-settings' }),
    watchEvents: () => watch({ of: 'events' }).pipe(map(({ event }) => event)),
  };
};
