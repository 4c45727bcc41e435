/** Each log event of the service worker's pushes and clicks, from the trouble that causes the event. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { notificationTag } from '../../../src/model/notification-tag.ts';
import type { ReceiptSyncOptions } from '../../../src/service-worker/index.ts';
import { PushBench } from '../../support/push-bench.ts';

let bench: PushBench;
let records: [level: string, event: string][];
beforeEach(async () => {
  bench = await PushBench.start();
  records = [];
});
afterEach(() => bench.end());

const install = (options: Partial<ReceiptSyncOptions> = {}): void =>
  bench.install({ log: (level, event) => void records.push([level, event]), ...options });

const throws = (): never => {
  throw new TypeError('of the app');
};

it.each<[event: string, happens: () => Promise<unknown>]>([
  [
    'push-not-read',
    async () => {
      install();
      await bench.scope.push({ ...(await bench.pushOf('hi')), message: 'of another version' });
    },
  ],
  [
    'push-not-taken',
    async () => {
      install({ notification: throws });
      await expect(bench.scope.push(await bench.pushOf('hi'))).rejects.toThrow('of the app');
    },
  ],
  [
    'notifications-not-closed',
    async () => {
      install();
      bench.scope.registration.getNotifications = () => Promise.reject(new TypeError('not now'));
      await bench.scope.push(await bench.pushOf('hi'));
    },
  ],
  [
    'notification-not-opened',
    async () => {
      install({ addressOf: throws });
      const notification = { tag: notificationTag('alice', 'direct:bob', 1), close: () => undefined };
      await bench.scope.dispatch('notificationclick', { notification });
    },
  ],
])('%s is logged', async (event, happens) => {
  await happens();
  expect(records).toContainEqual(['warn', event]);
});
