// The receipt server of the bench, from the built package, in a process of its own: `node server.mjs memory|pglite FOLDER ORIGIN`.
// The parent process sends requests; this process sends its port, and an answer to each request.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createMemoryStore, createReceiptServer } from '../../../dist/server/index.js';

const [kind, folder, origin] = process.argv.slice(2);
const ME = 'me';
// The limits of a server with many users would be what is measured.
const policy = { rate: { perSecond: 1e9, burst: 1e9 } };

const openStore = async (from) => {
  if (kind !== 'pglite') return createMemoryStore(from && { from });
  const { openPgliteStore } = await import('../../../dist/server/sql/pglite.js');
  return openPgliteStore(folder);
};

let store;
let server;
let http;
const open = async (port, from) => {
  store = await openStore(from);
  server = createReceiptServer({ store, authenticate: (token) => ({ userId: token }), policy, allowedOrigins: [origin] });
  http = createServer();
  server.attach(http);
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  return http.address().port;
};

const publishOne = ({ id, conversationId, senderId, body }) => {
  const peer = conversationId.slice('direct:'.length);
  return server.publish({ from: senderId, to: { user: senderId === ME ? peer : ME }, body: JSON.parse(body), id, receiptRequested: true });
};

/** Publishes conversations side by side, the messages of each one after the other. */
const publish = async (messages) => {
  const byConversation = new Map();
  for (const message of messages) {
    const list = byConversation.get(message.conversationId) ?? [];
    list.push(message);
    byConversation.set(message.conversationId, list);
  }
  await Promise.all(
    [...byConversation.values()].map(async (list) => {
      for (const message of list) await publishOne(message);
    }),
  );
};

/** Adds messages behind the stored ones of their conversations, all of which the peers have read. */
const extended = (dump, messages) => {
  let { version } = dump;
  const templates = new Map(dump.messages.map((message) => [message.conversationId, message]));
  const ids = new Map(dump.conversations.map(({ id, userA, userB }) => [`direct:${userA === ME ? userB : userA}`, id]));
  const latest = new Map();
  const added = messages.map(({ id, conversationId, seq, senderId, sentAt, body }) => {
    const number = ids.get(conversationId);
    version++;
    latest.set(number, { latestSeq: seq, version });
    return { ...templates.get(number), id, seq, senderId, sentAt, body, version };
  });
  const conversations = dump.conversations.map((one) => ({ ...one, ...latest.get(one.id) }));
  const members = dump.members.map((one) =>
    one.userId === ME ? one : { ...one, readUpTo: latest.get(one.conversationId)?.latestSeq ?? one.readUpTo },
  );
  return { ...dump, version, conversations, members, messages: [...dump.messages, ...added] };
};

let waiting = [];
const requests = {
  publish,
  /** A million messages, one transaction each, would take an hour: they are added to the store while the server restarts. */
  add: (messages) => void waiting.push(...messages),
  restart: async () => {
    const { port } = http.address();
    const dump = extended(store.dump(), waiting);
    waiting = [];
    await server.close();
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
    await open(port, dump);
  },
};

// Ctrl-C reaches this process too, and the running step still needs it.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', async ({ request, what, messages }) => {
  try {
    await requests[what](messages);
    process.send({ request });
  } catch (error) {
    process.send({ request, error: String(error?.stack ?? error) });
  }
});

process.send({ port: await open(0) });
