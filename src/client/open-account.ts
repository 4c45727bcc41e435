/** Opens an account on the page: the connection to its worker, and the page's own tasks for the account. */
import { type Observable, Subscription } from 'rxjs';
import { keepIn } from '../platform/log-tail.ts';
import { WorkerConnection } from '../bridge/connect.ts';
import type { PageSide } from '../bridge/worker-api.ts';
import { sourceOf } from '../bridge/worker-source.ts';
import { type Log, safeLog } from '../logging.ts';
import type { LogLine } from '../model/api/inspection.ts';
import type { ConversationId } from '../model/ids.ts';
import { databaseName } from '../model/storage-name.ts';
import { readFirstPaint } from './page/first-paint.ts';
import { browserView, watchPage } from './page/page-lifecycle.ts';
import { Persistence } from './page/persistence.ts';
import { badgeCounts } from './options.ts';
import type { ReceiptClientOptions } from './receipt-client-options.ts';
import { type OpenView, viewConversation } from './view/view-conversation.ts';
import { Watching } from './watching.ts';
import { OwnWorkers } from './worker-start/own-workers.ts';

/** The parts of an account that the client's calls use. */
export interface OpenAccount {
  readonly connection: Pick<WorkerConnection, 'intent' | 'query' | 'logOut' | 'close'> & {
    readonly trouble$: WorkerConnection['trouble$'] | Observable<null>;
  };
  /** Resolves when the streams have ended: by the client, or by a log-out in another tab. */
  readonly over: Promise<void>;
  /** Whether the streams have ended. True at once, while the app may still hear of the end. */
  readonly isOver: () => boolean;
  readonly watching: Watching;
  readonly persistence: Persistence;
  /** The name of the account's database and leader lock. */
  readonly name: string;
  /** The last records of the log that reached the page. */
  readonly logged: readonly LogLine[];
  readonly view: (conversationId: ConversationId, tellsSenders: boolean) => OpenView;
  /** Ends the page's own tasks. Repeated calls have no effect. */
  readonly stop: () => void;
  /** Called after a log-out. */
  readonly leftDevice: () => Promise<void>;
}

const besideWorker = () => import('./beside-worker.ts');

export const openAccount = (options: Omit<ReceiptClientOptions, 'bodySchema'>): OpenAccount => {
  const { url, userId, deliveryReceipts, readReceipts, retention, encryption } = options;
  const name = databaseName(url, userId);
  // Read the first paint while the worker starts: the record is there first.
  const paint = readFirstPaint(name);
  const settings = {
    ...(deliveryReceipts === undefined ? {} : { deliveryReceipts }),
    ...(readReceipts === undefined ? {} : { readReceipts }),
  };
  const page = async (): Promise<PageSide> => (await besideWorker()).createPageSide(name, options, log);
  // The first worker waits for this script, so the page loads it now, beside the scripts of the bridge.
  besideWorker().catch(() => undefined);
  const config = async (isFirst: boolean) => ({
    url,
    userId,
    deviceId: await (await page()).deviceId(name),
    ...(retention ? { retention } : {}),
    ...(encryption ? { encryption } : {}),
    settings: isFirst ? settings : {},
    logsAll: options.log !== undefined,
  });
  const setsAtStart = Object.keys(settings).length > 0;
  const workers = options.worker ? sourceOf(options.worker) : new OwnWorkers();
  const logged: LogLine[] = [];
  const keep = keepIn(logged);
  const tell = safeLog(options.log);
  const log: Log = (...record) => {
    keep(...record);
    tell(...record);
  };
  const connection = new WorkerConnection(workers, config, page, log, setsAtStart);
  const persistence = new Persistence(navigator);
  const watching = new Watching(connection.streams, paint, connection.started);
  const tasks = new Subscription();
  tasks.add(watchPage((event) => connection.life(event)));
  void connection.started.then(async () => {
    const { startTasks } = await besideWorker();
    if (!tasks.closed) tasks.add(startTasks({ userId, name, badge: badgeCounts(options.appBadge), connection, watching }));
  });
  return {
    connection,
    over: connection.streams.over,
    isOver: () => connection.streams.isOver,
    watching,
    persistence,
    name,
    logged,
    view: (conversationId, tellsSenders) => viewConversation(browserView, connection, watching, conversationId, tellsSenders),
    stop: () => tasks.unsubscribe(),
    leftDevice: async () => (await besideWorker()).releaseBadge(name),
  };
};
