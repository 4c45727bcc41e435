/** Opens an account of this device for a task of the service worker, then shows the account's total on the app's badge. */
import { type HeadlessAccount, withAccount as withHeadlessAccount } from '../engine/headless/with-account.ts';
import { readAccount } from '../engine/account/enter-account.ts';
import { settledOf } from '../engine/queries/settled-messages.ts';
import { LoggedOutError } from '../engine/write/log-header.ts';
import type { Writer } from '../engine/write/writer.ts';
import { errorDetails } from '../logging.ts';
import type { UserId } from '../model/ids.ts';
import { accountOfDatabase } from '../model/storage-name.ts';
import { closeAllNotifications, closeNotifications } from '../platform/notifications.ts';
import type { LoggedSyncOptions, ServiceWorkerScope } from './options.ts';

export interface OpenAccount extends HeadlessAccount {
  /** Shows the account's total on the app's badge, if the account owns the badge. */
  readonly showBadge: () => Promise<void>;
}

type Task = (open: OpenAccount) => Promise<void>;

/** The last task of each database, by service worker. Tasks of an account run in order; two tasks at once would take the lead from each other. */
const turnsOf = new WeakMap<ServiceWorkerScope, Map<string, Promise<void>>>();

const inTurn = (scope: ServiceWorkerScope, name: string, run: () => Promise<void>): Promise<void> => {
  const turns = turnsOf.get(scope) ?? new Map<string, Promise<void>>();
  turnsOf.set(scope, turns);
  const before = turns.get(name) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(run);
  turns.set(name, mine);
  return mine.finally(() => {
    if (turns.get(name) === mine) turns.delete(name);
  });
};

/** Closes the notifications of messages read by now, on this device or on another. */
const closeRead = async ({ scope, log }: LoggedSyncOptions, userId: UserId, writer: Writer): Promise<void> => {
  try {
    await closeNotifications(scope.registration, userId, (messages) => settledOf(writer, messages));
  } catch (error) {
    log('warn', 'notifications-not-closed', errorDetails(error));
  }
};

const runOnAccount = async (name: string, options: LoggedSyncOptions, task: Task): Promise<void> => {
  const { taskPorts } = options;
  const store = await taskPorts.openStore(name);
  try {
    const account = await readAccount(store);
    if (!account) return;
    const ports = taskPorts.ports(name, account, store);
    let open: OpenAccount | undefined;
    const run = (headless: HeadlessAccount): Promise<void> => {
      const { model } = headless.writer;
      const showBadge = async (): Promise<void> => {
        // Before the first answer of the server, the store knows no total.
        if (model.cursor !== null) await taskPorts.showOnBadge(name, model.totals);
      };
      open = { ...headless, showBadge };
      return task(open);
    };
    const [end] = await Promise.allSettled([withHeadlessAccount(ports, account, name, run)]);
    if (open) {
      const { writer, showBadge } = open;
      await taskPorts.notePending(name, writer.generation, writer.model.outbox.size);
      // The store knows the total also after a task that failed, except after a log-out.
      if (end.status === 'fulfilled' || !(end.reason instanceof LoggedOutError)) {
        await showBadge();
        await closeRead(options, account.userId, writer);
      }
    }
    if (end.status === 'rejected') throw end.reason;
  } catch (error) {
    if (!(error instanceof LoggedOutError)) throw error;
    // A logged-out account sends and shows nothing. The next start of a page deletes what a crash left of it.
    await taskPorts.showOnBadge(name, null);
    const userId = accountOfDatabase(options.url, name);
    if (userId !== null) await closeAllNotifications(options.scope.registration, userId);
  } finally {
    store.close();
  }
};

/** Runs a task on an account. Does nothing if the account is absent, logged out or paused. */
export const withAccount = (name: string, options: LoggedSyncOptions, task: Task): Promise<void> =>
  inTurn(options.scope, name, () => runOnAccount(name, options, task));
