/**
 * What the page does for its account besides calls and streams: the answers to calls of the worker, and the page's own tasks. The page paints
 * without this module, so it loads beside the worker, and a worker starts only with it: a log-out can always remove its traces.
 *
 *   worker ─call─▶ page side ─▶ device id, badge, notifications
 *   streams ─▶ tasks ─▶ badge, notifications, Background Sync
 */
import { from } from 'rxjs';
import type { WorkerConnection } from '../bridge/connect.ts';
import type { UserId } from '../model/ids.ts';
import type { TotalOf } from '../model/conversation/total.ts';
import { requestSyncWhenOffline } from './page/background-sync.ts';
import { closeReadNotifications } from './page/close-notifications.ts';
import { keepBadge } from './page/keep-badge.ts';
import type { Watching } from './watching.ts';

export { releaseBadge } from '../platform/app-badge.ts';
export { createPageSide } from './page-side.ts';

export interface Account {
  readonly userId: UserId;
  /** The name of the account's database. */
  readonly name: string;
  /** What the badge counts; null without a badge. */
  readonly badge: TotalOf | null;
  readonly connection: Pick<WorkerConnection, 'query' | 'streams'>;
  readonly watching: Pick<Watching, 'watch'>;
}

/** @returns a function that stops the tasks. */
export const startTasks = ({ userId, name, badge, connection, watching }: Account): (() => void) => {
  const stops = [
    requestSyncWhenOffline(
      () => watching.watch({ of: 'outbox' }),
      () => watching.watch({ of: 'connection' }),
    ),
    keepBadge(name, badge, () => watching.watch({ of: 'badge' })),
    closeReadNotifications(
      userId,
      watching.watch({ of: 'reads' }),
      (messages) => connection.query('settledOf', messages),
      from(connection.streams.over),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
};
