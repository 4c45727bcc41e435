/**
 * Keeps the built page, so that it opens without a server; and lets the library send what is owed, and take what is pushed, when no page is
 * open any more.
 */
import { installReceiptSync } from 'tidemark/service-worker';
import { fetchToken } from './dev-server.ts';
import { person } from './people.ts';

/** Written by the build. Another build is another cache. */
declare const DEMO_BUILD: { readonly name: string; readonly urls: readonly string[] };

const worker = self as unknown as ServiceWorkerGlobalScope;

const PREFIX = 'tidemark-demo-page:';
const CACHE = PREFIX + DEMO_BUILD.name;
const NOT_OURS = /^\/(?:receipts|dev)(?:\/|$)/;

const keepFiles = async (): Promise<void> => {
  const cache = await caches.open(CACHE);
  // Past the HTTP cache: a file of the build before would never be replaced.
  await cache.addAll(DEMO_BUILD.urls.map((url) => new Request(url, { cache: 'reload' })));
  await worker.skipWaiting();
};

const takeOver = async (): Promise<void> => {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // Tabs still open on the build before may yet ask for its files; the one before that is gone.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
};

const answer = async (request: Request): Promise<Response> => {
  const cache = await caches.open(CACHE);
  const isPage = request.mode === 'navigate';
  const kept = (await cache.match(isPage ? '/' : request, { ignoreSearch: isPage })) ?? (await caches.match(request));
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
  // Nobody pushes to this demo; a host that does need not change it.
  notification: ({ senderId, body }, { userId, muted, visible }) => ({
    title: `${person(senderId).name} to ${person(userId).name}`,
    options: { body: typeof body === 'string' ? body : 'A new message', icon: '/icon-192.png', silent: muted || visible },
  }),
});
