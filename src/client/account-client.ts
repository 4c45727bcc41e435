/**
 * The public object over an open account. It checks every call, passes the call on, and opens the account's Observables. The account is on a
 * page with a worker, on a server that renders pages, or in a test world.
 */
import { defer, map, type Observable } from 'rxjs';
import { closedByLogOut, type UsageError } from '../errors.ts';
import { type ConversationId, requireConversationId, requireId, type UserId } from '../model/ids.ts';
import type { Json } from '../model/message/message.ts';
import type { ConnectionStatus } from '../model/api/status.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';
import type { Topic, TopicValue } from '../model/api/topic.ts';
import { count, DEFAULT_FLUSH_MS, DEFAULT_LIMIT, flag, milliseconds, oneOf, read, requireList, requireTotal } from './arguments.ts';
import { changesOf } from './changes.ts';
import { VERSION } from '../model/version.ts';
import { requireFit, setUnfitAside } from './body-check.ts';
import { closedByApp } from './closed-by-app.ts';
import { SharedStreams } from './shared-streams.ts';
import type { OpenAccount } from './open-account.ts';
import { questionsOf } from './questions.ts';
import type { ReceiptClient } from './receipt-client.ts';
import type { LogOutOptions } from './receipt-client-options.ts';
import type { OpenView } from './view/view-conversation.ts';
import { withWorkerTrouble } from './worker-trouble.ts';

/** What a log-out does with the pending entries. */
const fate = oneOf('send', 'discard');

export const clientOf = <Body = Json>(userId: UserId, account: OpenAccount, bodySchema?: StandardSchemaV1<Body>): ReceiptClient<Body> => {
  const fit = <T>(value: T): T => (bodySchema ? setUnfitAside(bodySchema, value) : value);
  const { connection, over, isOver, watching, persistence, view: openView, stop, leftDevice } = account;
  const intent: typeof connection.intent = async (name, ...args) => {
    const stored = await connection.intent(name, ...args);
    persistence.worthKeeping();
    return fit(stored);
  };
  const query: typeof connection.query = async (name, ...args) => fit(await connection.query(name, ...args));
  let closing: Promise<void> | null = null;
  let closed: (() => UsageError) | null = null;
  const views = new Set<OpenView>();
  const shut = (why: () => UsageError): void => {
    // An app may close the client when it hears of the log-out.
    closed ??= isOver() ? closedByLogOut : why;
    stop();
    for (const view of views) view.close();
  };
  // Another tab may log out too.
  void over.then(() => shut(closedByLogOut));
  const close = async (): Promise<void> => {
    const openCalls = [...views].map((view) => view.underWay());
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
  const streams = new SharedStreams();
  const watchAs = <T extends Topic, V>(topic: T, shown: (live: Observable<TopicValue[T['of']]>) => Observable<V>): Observable<V> => {
    requireOpen();
    const live = defer(() => {
      // Throw here: a component that subscribes late would otherwise show nothing, without any reason.
      if (closed === closedByApp) throw closedByApp();
      return watching.watch(topic).pipe(map(fit));
    });
    return streams.get(JSON.stringify(topic), () => shown(live));
  };
  const watchConnection = (): Observable<ConnectionStatus> =>
    watchAs({ of: 'connection' }, (live) => persistence.joined(withWorkerTrouble(live, connection.trouble$)));
  const watch = <T extends Topic>(topic: T): Observable<TopicValue[T['of']]> => watchAs(topic, (live) => live);

  const limitOf = (given: { readonly limit?: number } | undefined, call: string): number =>
    read(given, call, { limit: count }).limit ?? DEFAULT_LIMIT;

  const client: ReceiptClient = {
    userId,

    viewConversation(conversationId, given) {
      const id = conversation(conversationId);
      const { receipts = true } = read(given, 'viewConversation', { receipts: flag });
      const view = openView(id, receipts);
      views.add(view);
      return {
        firstUnread: view.firstUnread,
        seen: (messageId) => view.seen(messageId),
        close() {
          view.close();
          void view.underWay().then(() => views.delete(view));
        },
      };
    },
    ...changesOf({ intent, requireOpen, conversation, checkBody: (body) => bodySchema && requireFit(bodySchema, body) }),
    ...questionsOf({ connection: { query }, persistence, requireOpen, conversation }),

    async inspect() {
      requireOpen();
      const asked = Promise.allSettled([connection.query('inspect')]);
      const { inspection } = await import('./inspect.ts');
      return inspection(account, asked, watchConnection(), VERSION);
    },
    async flush(given) {
      requireOpen();
      return connection.query('flush', read(given, 'flush', { timeoutMs: milliseconds }).timeoutMs ?? DEFAULT_FLUSH_MS);
    },
    async logOut(given) {
      requireOpen();
      const options = read<LogOutOptions>(given, 'logOut', { pending: fate, timeoutMs: milliseconds, keepData: flag });
      fate(options.pending, 'pending');
      await connection.logOut({ timeoutMs: DEFAULT_FLUSH_MS, keepData: false, ...options });
      await leftDevice();
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
    watchConnection,
    watchOutbox: () => watch({ of: 'outbox' }),
    watchDeadLetters: () => watch({ of: 'dead-letters' }),
    watchReceiptSettings: () => watch({ of: 'receipt-settings' }),
    watchEvents: () => watchAs({ of: 'events' }, (live) => live.pipe(map(({ event }) => event))),
  };
  // The type of the bodies is the app's: the worker's answers have none.
  return client as unknown as ReceiptClient<Body>;
};
