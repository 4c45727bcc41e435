/** The code of the guide about the service worker, word for word: a copy of the code runs. */
import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { notificationTag } from '../../../src/model/notification-tag.ts';
import { decodePush } from '../../../src/protocol/codec.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer, declarativePush, type ReceiptServer } from '../../../src/server/index.ts';
import { installReceiptSync, isReceiptPush } from '../../../src/service-worker/index.ts';
import { PushBench } from '../../support/push-bench.ts';

const guide = readFileSync(new URL('../../../demo/guides/push-and-badges.md', import.meta.url), 'utf8');
/** The code under a heading, without its imports. */
const codeUnder = (heading: string): string => {
  const part = guide.slice(guide.indexOf(`## ${heading}\n`));
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(part)!;
  return code.replace(/^import .*$/gm, '');
};
/** Runs the code with these names in scope. */
const run = (code: string, names: Record<string, unknown>): Promise<unknown> =>
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(names), `return (async () => {${code}})()`)(...Object.values(names)) as Promise<unknown>;

let bench: PushBench;
beforeEach(async () => {
  bench = await PushBench.start();
});
afterEach(() => bench.end());

it('the code of the guide shows a pushed message in the service worker, and a click leads to its chat', async () => {
  const asked: string[] = [];
  const fetchToken = async (path: string): Promise<Response> => {
    asked.push(path);
    return new Response(bench.world.server.token('alice'));
  };
  const url = 'ws://server.example/receipts';
  const code = codeUnder('In the service worker').replace('wss://chat.example/receipts', url);
  await run(code, { self: bench.scope, installReceiptSync, fetch: fetchToken });
  const { id } = await bench.bob.do('sendMessage', 'direct:alice', { body: '{"text":"High water at six"}' });
  await bench.bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const message = { id, seq: 1, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true };
  await bench.scope.push({ type: 'push', userId: 'alice', conversationId: 'direct:bob', message });
  const tag = notificationTag('alice', 'direct:bob', 1);
  expect(bench.scope.calls).toEqual([{ title: 'bob', options: { body: 'High water at six', silent: false, tag } }]);
  expect(asked).toEqual(['/token?user=alice']);
  await bench.scope.dispatch('notificationclick', { notification: { tag, close: () => undefined } });
  expect(bench.scope.opened).toEqual(['https://app.example/#direct:bob']);
});

it('the code of the guide shows a notification for each push of the app itself, empty or not JSON, and none for Tidemark’s (F131)', async () => {
  const { scope } = bench;
  const push = await bench.pushOf('1');
  await run(codeUnder("The app's own pushes"), { self: scope, isReceiptPush });
  for (const data of ['', 'garbage{', '"x"', '{"title":"x"}', '{"type":"push"}']) await scope.push(data);
  await scope.dispatch('push', { data: null });
  expect(scope.calls.splice(0)).toEqual(Array.from({ length: 6 }, () => ({ title: 'Chat', options: { body: 'There is news' } })));
  const declared = declarativePush(push, { title: 'Chat', navigate: 'https://chat.example/' });
  for (const data of [push, declared, { ...push, message: 'of a newer server' }]) await scope.push(data);
  // Safari may give the notification of a declarative push, and no data.
  await scope.dispatch('push', { data: null, notification: { data: push } });
  expect(scope.calls).toEqual([]);
});

it('the code of the guide subscribes on the page and sends the subscription to the backend', async () => {
  const posted: [string, unknown][] = [];
  const subscribe = vi.fn(async (options: object) => ({ endpoint: 'https://push.example/1', ...options }));
  await run(codeUnder('On the page'), {
    navigator: { serviceWorker: { register: async () => ({ pushManager: { subscribe } }) } },
    fetch: async (path: string, init?: { body: string }) => {
      if (init) posted.push([path, JSON.parse(init.body)]);
      return new Response('the key');
    },
  });
  expect(subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: 'the key' });
  expect(posted).toMatchObject([['/push-subscriptions', { endpoint: 'https://push.example/1' }]]);
});

it('the code of the guide sends each push to the devices of its user, and forgets a subscription that has ended', async () => {
  const sent: [unknown, string][] = [];
  const forgotten: unknown[] = [];
  let server: ReceiptServer | undefined;
  await run(codeUnder('On the server'), {
    createServer: () => ({
      listen: (): Server =>
        ({ listeners: () => [], removeAllListeners: () => undefined, on: () => undefined, off: () => undefined }) as unknown as Server,
    }),
    webpush: {
      setVapidDetails: () => undefined,
      sendNotification: async (subscription: string, payload: string) => {
        sent.push([subscription, payload]);
        if (subscription === 'ended') throw Object.assign(new Error('gone'), { statusCode: 410 });
      },
    },
    createReceiptServer: (options: Parameters<typeof createReceiptServer>[0]) => (server = createReceiptServer(options)),
    declarativePush,
    openPgliteStore: () => createMemoryStore(),
    subscriptionsOf: async (userId: string) => [`phone of ${userId}`, 'ended'],
    forget: async (subscription: string) => forgotten.push(subscription),
    verify: async (token: string) => token,
  });
  await server!.publish({ from: 'bob', to: { user: 'alice' }, body: { text: 'hi' }, id: 'm1' });
  await vi.waitFor(() => expect(forgotten).toEqual(['ended']));
  expect(sent.map(([subscription]) => subscription)).toEqual(['phone of alice', 'ended']);
  expect(decodePush(sent[0]![1])).toMatchObject({
    userId: 'alice',
    conversationId: 'direct:bob',
    message: { id: 'm1' },
    totalUnreadCount: 1,
  });
  await server!.close();
});
