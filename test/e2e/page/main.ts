/** The smallest app: a client, created at once, and all its emitted values, in order. The tests reach the app through `app`. */
import {
  createReceiptClient,
  type ConnectionStatus,
  type Conversation,
  type OutboxStatus,
  type ReceiptClient,
  type ReceiptEvent,
  UsageError,
} from 'tidemark';

/** Values with the time of each, in ms since the page began to load. */
export type Seen<T> = readonly (readonly [atMs: number, value: T])[];

export interface App {
  readonly client: ReceiptClient;
  readonly total: Seen<number>;
  readonly conversations: Seen<readonly Conversation[]>;
  readonly connection: Seen<ConnectionStatus>;
  readonly outbox: Seen<OutboxStatus>;
  /** All values of the unread count of each conversation in `?badges=`. */
  readonly badges: Readonly<Record<string, Seen<number>>>;
  /** The numbers set by this page on the app's icon, in order; 0 for a cleared icon. */
  readonly appBadge: readonly number[];
  readonly UsageError: typeof UsageError;
  /** All workers created by the page, the newest last. */
  readonly workers: readonly Worker[];
  readonly events: Seen<ReceiptEvent>;
  /** Number of open streams in the worker. */
  openStreams(): number;
}

declare global {
  interface Window {
    app: App;
  }
}

const asked = new URLSearchParams(location.search);
const server = asked.get('server')!;

// All calls to the worker go through message ports, so the page counts them there, without help of the library.
let open = 0;
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown, ...rest: never[]): void {
  if (typeof message === 'object' && message !== null) {
    if ('watch' in message) open++;
    else if ('unwatch' in message) open--;
  }
  Reflect.apply(post, this, [message, ...rest]);
};

// A headless browser shows no icon, so the page records the numbers.
const appBadge: number[] = [];
Object.defineProperties(Navigator.prototype, {
  setAppBadge: { value: async (total: number) => void appBadge.push(total) },
  clearAppBadge: { value: async () => void appBadge.push(0) },
});

if (asked.has('serviceWorker')) {
  // Not every browser has Background Sync: the test says whether Background Sync is needed.
  if (asked.get('serviceWorker') === 'withoutSync') Reflect.deleteProperty(window, 'SyncManager');
  await navigator.serviceWorker.register(`/service-worker.js?server=${server}`);
  await navigator.serviceWorker.ready;
}

// The tests kill workers, which end without an event.
const workers: Worker[] = [];
window.Worker = class extends Worker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given);
    workers.push(this);
  }
};

const client = createReceiptClient({
  url: `ws://${server}/receipts`,
  userId: asked.get('user')!,
  getToken: async () => {
    const response = await fetch(`http://${server}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: asked.get('tokenOf') ?? asked.get('user') }),
    });
    return ((await response.json()) as { token: string }).token;
  },
  // A worker of another release, for example.
  ...(asked.has('worker') ? { worker: () => new Worker(asked.get('worker')!, { type: 'module', name: 'tidemark' }) } : {}),
  ...(asked.has('appBadge') ? { appBadge: asked.get('appBadge') === 'true' } : {}),
});

const record = <T>(values: { subscribe(next: (value: T) => void): unknown }): Seen<T> => {
  const seen: [number, T][] = [];
  values.subscribe((value) => seen.push([performance.now(), value]));
  return seen;
};

window.app = {
  client,
  total: record(client.watchTotalUnreadCount()),
  conversations: record(client.watchConversations()),
  connection: record(client.watchConnection()),
  outbox: record(client.watchOutbox()),
  badges: Object.fromEntries(asked.getAll('badge').map((id) => [id, record(client.watchUnreadCount(id as `direct:${string}`))])),
  appBadge,
  UsageError,
  workers,
  events: record(client.watchEvents()),
  openStreams: () => open,
};
