/** Keeps the built page, so that it opens without a server. Receipts and the dev door are none of its business. */

interface Built {
  /** Names what was built: another build is another cache. */
  readonly build: string;
  readonly urls: readonly string[];
}

// Both written in front of this file by the build.
const worker = self as unknown as ServiceWorkerGlobalScope & { readonly demoBuild: Built };
const { build, urls } = worker.demoBuild;

const PREFIX = 'tidemark-demo-page:';
const CACHE = PREFIX + build;
const NOT_OURS = /^\/(?:receipts|dev)(?:\/|$)/;

const keepFiles = async (): Promise<void> => {
  const cache = await caches.open(CACHE);
  // Past the HTTP cache: a file of the build before would never be replaced.
  await cache.addAll(urls.map((url) => new Request(url, { cache: 'reload' })));
  await worker.skipWaiting();
};

const takeOver = async (): Promise<void> => {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // Tabs still open on the build before may yet ask for its files; the one before that is gone.
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
};

const answer = async (request: Request): Promise<Response> => {
  const cache = await caches.open(CACHE);
  const kept = (await cache.match(request.mode === 'navigate' ? '/' : request, { ignoreSearch: true })) ?? (await caches.match(request));
  return kept ?? fetch(request);
};

worker.addEventListener('install', (event) => event.waitUntil(keepFiles()));
worker.addEventListener('activate', (event) => event.waitUntil(takeOver()));
worker.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== worker.location.origin || NOT_OURS.test(pathname)) return;
  event.respondWith(answer(event.request));
});
