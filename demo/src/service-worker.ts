/**
 * The service worker. It keeps the built page, so the page opens without a server. The library sends pending
 * entries and takes pushes here when no page is open.
 */
import { installReceiptSync } from 'tidemark/service-worker';
import { fetchToken } from './dev-server.ts';
import { addressOfChat } from './address.ts';
import { chatPartner, isGroup, person } from './people.ts';

/** The build defines this. Each build has its own cache. */
declare const DEMO_BUILD: { readonly name: string; readonly urls: readonly string[] };

const worker = self as unknown as ServiceWorkerGlobalScope;

const PREFIX = 'tidemark-demo-page:';
const CACHE = PREFIX + DEMO_BUILD.name;
const NOT_OURS = /^\/(?:receipts|dev|guides)(?:\/|$)/;

const keepFiles = async (): Promise<void> => {
  const cache = await caches.open(CACHE);
  // `reload` bypasses the HTTP cache, which may hold files of an earlier build.
  await cache.addAll(DEMO_BUILD.urls.map((url) => new Request(url, { cache: 'reload' })));
  await worker.skipWaiting();
};

const takeOver = async (): Promise<void> => {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // Open tabs may still request files of the previous build. Older caches are deleted.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
};

const answer = async (request: Request): Promise<Response> => {
  const cache = await caches.open(CACHE);
  const isPage = request.mode === 'navigate';
  const kept = (await cache.match(request, { ignoreSearch: isPage })) ?? (await (isPage ? cache.match('/') : caches.match(request)));
  return kept ?? fetch(request);
};

worker.addEventListener('install', (event) => event.waitUntil(keepFiles()));
worker.addEventListener('activate', (event) => event.waitUntil(takeOver()));
worker.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== worker.location.origin || NOT_OURS.test(pathname)) return;
  event.respondWith(answer(event.request));
});

const { protocol, host } = worker.location;
installReceiptSync(worker, {
  url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/receipts`,
  getToken: fetchToken,
  notification: ({ senderId, conversationId, body }, { userId, muted, visible, unread, mentions }) => ({
    title: `${person(senderId).name}${isGroup(conversationId) ? ` in ${chatPartner(conversationId).name}` : ''} to ${person(userId).name}`,
    options: {
      body: `${typeof body === 'string' ? body : 'A new message'}${mentions > 0 ? ' (mentions you)' : unread > 1 ? ` (${unread} unread)` : ''}`,
      icon: '/icon-192.png',
      silent: muted || visible,
    },
    replacesOlder: true,
  }),
  addressOf: addressOfChat,
});

// The demo's server has no push service. A page hands each of its pushes on, and here it is an event like that of a browser.
worker.addEventListener('message', (event) => {
  const { push } = (event.data ?? {}) as { readonly push?: unknown };
  if (typeof push !== 'string') return;
  const pushed = { data: { text: () => push }, waitUntil: (done: Promise<unknown>) => event.waitUntil(done) };
  worker.dispatchEvent(Object.assign(new Event('push'), pushed));
});
