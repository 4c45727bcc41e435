/** The app's service worker: what the library does in it, and what of it the tests look at. */
import { installReceiptSync, type MessageContext } from 'tidemark/service-worker';

/** What the tests look at, on the worker's global scope. */
export interface Noted {
  /** What this worker put on the app's icon, in order; 0 for taking it away. */
  readonly appBadge: number[];
  /** What the app was asked to show. */
  readonly asked: { readonly id: string; readonly body: unknown; readonly context: MessageContext }[];
  /** Of each wake-up, how it ended. */
  readonly ends: string[];
}

const worker = self as unknown as ServiceWorkerGlobalScope;
const noted: Noted = { appBadge: [], asked: [], ends: [] };
Object.assign(worker, noted);
const server = new URL(worker.location.href).searchParams.get('server')!;

Object.defineProperties(WorkerNavigator.prototype, {
  setAppBadge: { value: async (total: number) => void noted.appBadge.push(total) },
  clearAppBadge: { value: async () => void noted.appBadge.push(0) },
});
const { waitUntil } = ExtendableEvent.prototype;
ExtendableEvent.prototype.waitUntil = function (this: ExtendableEvent, done: Promise<unknown>): void {
  done.then(
    () => noted.ends.push('done'),
    (error: unknown) => noted.ends.push(String(error)),
  );
  Reflect.apply(waitUntil, this, [done]);
};

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

installReceiptSync(worker, {
  url: `ws://${server}/receipts`,
  getToken: async (userId) => {
    const response = await fetch(`http://${server}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
    return ((await response.json()) as { token: string }).token;
  },
  notification(message, context) {
    noted.asked.push({ id: message.id, body: message.body, context });
    if (JSON.stringify(message.body).includes('the app throws')) throw new Error('the app threw');
    return context.muted ? null : { title: `${message.senderId} to ${context.userId}`, options: { body: JSON.stringify(message.body) } };
  },
});
