/** The smallest app: one client, made at once, and everything it emitted, in order. The tests speak to it through `app`. */
import {
  createReceiptClient,
  type ConnectionStatus,
  type Conversation,
  type OutboxStatus,
  type ReceiptClient,
  type ReceiptEvent,
  UsageError,
} from 'tidemark';

/** A value and when it came, in ms since the page began to load. */
export type Seen<T> = readonly (readonly [atMs: number, value: T])[];

export interface App {
  readonly client: ReceiptClient;
  readonly total: Seen<number>;
  readonly conversations: Seen<readonly Conversation[]>;
  readonly connection: Seen<ConnectionStatus>;
  readonly outbox: Seen<OutboxStatus>;
  /** Every value of the badge of each conversation in `?badges=`. */
  readonly badges: Readonly<Record<string, Seen<number>>>;
  /** What this page put on the app's icon, in order; 0 for taking it away. */
  readonly appBadge: readonly number[];
  readonly UsageError: typeof UsageError;
  /** Every worker the page has made, the newest last. */
  readonly workers: readonly Worker[];
  readonly events: Seen<ReceiptEvent>;
  /** Streams asked of the worker and not given back. */
  openStreams(): number;
}

declare global {
  interface Window {
    app: App;
  }
}

const asked = new URLSearchParams(location.search);
const server = asked.get('server')!;

// What crosses to the worker goes through message ports, so they can be counted without asking the library.
let open = 0;
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown, ...rest: never[]): void {
  if (typeof message === 'object' && message !== null) {
    if ('watch' in message) open++;
    else if ('unwatch' in message) open--;
  }
  Reflect.apply(post, this, [message, ...rest]);
};

// An icon on no home screen shows nothing: what would be shown is written down.
const appBadge: number[] = [];
Object.defineProperties(Navigator.prototype, {
  setAppBadge: { value: async (total: number) => void appBadge.push(total) },
  clearAppBadge: { value: async () => void appBadge.push(0) },
});

if (asked.has('serviceWorker')) {
  // Not there in every browser: the test says what it needs.
  if (asked.get('serviceWorker') === 'withoutSync') Reflect.deleteProperty(window, 'SyncManager');
  await navigator.serviceWorker.register(`/service-worker.js?server=${server}`);
  await navigator.serviceWorker.ready;
}

// Workers die without a word: tests kill them.
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
  // Of another release, say.
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
