/** The app's service worker: the library's part, and the records for the tests. */
import { installReceiptSync, type MessageContext } from 'tidemark/service-worker';

/** The records, on the worker's global scope. */
export interface Noted {
  /** The numbers set by this worker on the app's icon, in order; 0 for a cleared icon. */
  readonly appBadge: number[];
  /** The messages for which the app's callback was called. */
  readonly asked: { readonly id: string; readonly body: unknown; readonly context: MessageContext }[];
  /** The end of each wake-up. */
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
  // The activation is no wake-up, and may end during the first push.
  if (this.type !== 'activate')
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
  // A file outside of the app.
  addressOf: ({ conversationId }) => `/service-worker.js#${conversationId}`,
  notification(message, context) {
    noted.asked.push({ id: message.id, body: message.body, context });
    if (JSON.stringify(message.body).includes('the app throws')) throw new Error('the app threw');
    return context.muted ? null : { title: `${message.senderId} to ${context.userId}`, options: { body: JSON.stringify(message.body) } };
  },
});
