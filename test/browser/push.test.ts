/** The service worker's handling of a push, in each browser. No server listens, so all work is offline. */
import { afterEach, expect, it } from 'vitest';
import { createReceiptClient } from '../../src/client/client.ts';
import type { ReceiptClient } from '../../src/client/receipt-client.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { browserTaskPorts } from '../../src/service-worker/browser-task-ports.ts';
import { takePush } from '../../src/service-worker/push.ts';
import { FakeWorkerScope } from '../support/fake-worker-scope.ts';

const url = 'ws://127.0.0.1:9/receipts';
const scope = new FakeWorkerScope();
scope.windows = [
  {
    url: 'https://app.example/',
    visibilityState: 'visible',
    focused: false,
    focus: async () => undefined,
    navigate: async () => undefined,
  },
];
const calls = (): [string, NotificationOptions | undefined][] => scope.calls.splice(0).map(({ title, options }) => [title, options]);
const push = (userId: string, id: string): Promise<void> =>
  takePush(
    JSON.stringify({
      type: 'push',
      userId,
      conversationId: 'direct:bob',
      message: { id, seq: 1, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true },
    }),
    {
      url,
      getToken: () => 'token',
      log: () => undefined,
      notification: ({ body }, { visible, focused, muted, unread, mentions, totalUnreadCount }) => ({
        title: JSON.stringify({ body, visible, focused, muted, unread, mentions, totalUnreadCount }),
        options: { lang: 'en' },
      }),
      scope,
      taskPorts: browserTaskPorts({ url, getToken: () => 'token', log: () => undefined }),
    },
  );

const open: ReceiptClient[] = [];
afterEach(async () => {
  scope.calls.length = 0;
  for (const client of open.splice(0)) await client.logOut({ pending: 'discard' }).catch(() => undefined);
});

it('a push for an account on this device is shown without a network, and a push for another account shows none of its content', async () => {
  const userId = `pushed-${performance.timeOrigin}`;
  await push(userId, 'm1');
  expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(databaseName(url, userId));
  // The service worker still shows a notification, because otherwise the browser would end the subscription.
  // The notification names no account.
  const plain = ['app.example', { tag: `tidemark:${userId}`, silent: true }];
  expect(calls()).toEqual([plain]);
  const client = createReceiptClient({ url, userId, getToken: () => 'token', appBadge: true });
  open.push(client);
  await client.sendMessage('direct:bob', 'x');
  await client.close();
  await push(userId, 'm1');
  await push(userId, 'm1');
  const counts = { muted: false, unread: 1, mentions: 0, totalUnreadCount: 1 };
  const title = JSON.stringify({ body: null, visible: true, focused: false, ...counts });
  const one = [title, { tag: `tidemark:${userId}:direct%3Abob:1`, lang: 'en' }];
  expect(calls()).toEqual([one, one]);

  const again = createReceiptClient({ url, userId, getToken: () => 'token' });
  open.push(again);
  await again.pause();
  await push(userId, 'm2');
  await again.resume();
  await again.logOut({ pending: 'discard' });
  await push(userId, 'm3');
  expect(calls()).toEqual([plain, plain]);
});
