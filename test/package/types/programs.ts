/**
 * Small programs of apps, one for each entry point, by the place in which they run. Each place has the types of its place alone: a page has
 * the DOM, a service worker has those of workers, and a server has those of Node without any DOM type.
 */
export interface Place {
  readonly lib: readonly string[];
  readonly types: readonly string[];
  readonly programs: Readonly<Record<string, string>>;
}

const FACADES = ['easemob', 'easemob-flutter', 'tencent', 'zim'];
const ADAPTERS = ['easemob', 'stream-chat', 'tencent', 'zim', 'matrix'];

/** Names every export, so that the compiler reads every type of the entry point. */
const all = (entry: string): string => `import * as all from '${entry}';\nexport const used: typeof all = all;\n`;
const allOf = (folder: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`${folder}-${name}`, all(`tidemark/${folder}/${name}`)]));

const MAIN = `
import { createReceiptClient, ReceiptsError, type Message } from 'tidemark';
interface Body { readonly text: string }
const client = createReceiptClient<Body>({ url: 'wss://chat.example/receipts', userId: 'alice', getToken: async () => 'token' });
client.watchTotalUnreadCount({ type: 'group' }).subscribe((count: number) => count.toFixed());
client.watchMessages('direct:bob', { limit: 20 }).subscribe((messages: readonly Message<Body>[]) => messages[0]?.body?.text);
export const send = async (): Promise<string> => {
  try {
    return (await client.sendMessage('direct:bob', { text: 'ahoy' }, { mentions: 'all' })).status;
  } catch (error) {
    return error instanceof ReceiptsError ? error.code : 'unknown';
  }
};
`;

const REACT = `
import { createElement as h } from 'react';
import { createReceiptClient } from 'tidemark';
import { ReceiptProvider, useConversationView, useMessages } from 'tidemark/react';
const options = { url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' };
const Chat = () => {
  const { firstUnread } = useConversationView('direct:bob', { receipts: false });
  const messages = useMessages<{ readonly text: string }>('direct:bob', { limit: 20 });
  return h('p', null, firstUnread?.count, messages?.map(({ body }) => body?.text).join());
};
export const byOptions = h(ReceiptProvider, { options, onLoggedOut: () => undefined }, h(Chat));
export const byClient = h(ReceiptProvider, { client: createReceiptClient<{ readonly text: string }>(options) }, h(Chat));
export const loggedOut = h(ReceiptProvider, { options: null }, h(Chat));
`;

const TESTING = `
import { createTestWorld } from 'tidemark/testing';
const world = createTestWorld({ seed: 1 });
const ann = world.client(world.device('ann'));
export const sent = world.until(ann.sendMessage('direct:ben', 'ahoy'));
`;

const SERVICE_WORKER = `
import { installReceiptSync } from 'tidemark/service-worker';
declare const self: ServiceWorkerGlobalScope;
installReceiptSync(self, {
  url: 'wss://chat.example/receipts',
  getToken: async (userId) => (await fetch('/token?user=' + userId)).text(),
  notification: (message) => ({ title: message.senderId, options: { body: 'New message' } }),
});
`;

const SERVER = `
import { createServer } from 'node:http';
import { createMemoryStore, createReceiptServer, UsageError } from 'tidemark/server';
const http = createServer();
const server = createReceiptServer({
  store: createMemoryStore(),
  authenticate: async (token) => ({ userId: token }),
  log: (level, event, details) => void [level, event, details],
});
server.attach(http);
export const publish = () => server.publish({ from: 'ann', to: { user: 'ben' }, body: { text: 'ahoy' } });
export const isUsage = (error: unknown): boolean => error instanceof UsageError;
`;

export const PLACES: Readonly<Record<string, Place>> = {
  page: {
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
    programs: {
      main: MAIN,
      react: REACT,
      ...Object.fromEntries(['inspector', 'protocol', 'outbox', 'worker'].map((name) => [name, all(`tidemark/${name}`)])),
      ...allOf('compat', FACADES),
      ...allOf('outbox', ADAPTERS),
    },
  },
  // The world of an app's tests has a server and a page.
  test: { lib: ['ES2022', 'DOM'], types: ['node'], programs: { testing: TESTING, all: all('tidemark/testing') } },
  worker: { lib: ['ES2022', 'WebWorker'], types: [], programs: { 'service-worker': SERVICE_WORKER, worker: all('tidemark/worker') } },
  server: {
    lib: ['ES2022'],
    types: ['node'],
    programs: {
      server: SERVER,
      ...allOf('server', ['pglite', 'postgres', 'nats']),
      ...Object.fromEntries(['server', 'conformance', 'protocol'].map((name) => [`all-of-${name}`, all(`tidemark/${name}`)])),
    },
  },
};
