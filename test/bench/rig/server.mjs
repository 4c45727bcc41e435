// The receipt server of the bench, from the built package, in a process of its own: `node server.mjs memory|pglite FOLDER ORIGIN`.
// The parent process sends messages to publish; this process sends its port, and an answer to each request.
import { createServer } from 'node:http';
import { createMemoryStore, createReceiptServer } from '../../../dist/server/index.js';

const [kind, folder, origin] = process.argv.slice(2);
const openStore = async () => {
  if (kind !== 'pglite') return createMemoryStore();
  const { openPgliteStore } = await import('../../../dist/server/sql/pglite.js');
  return openPgliteStore(folder);
};

const ME = 'me';
// The limits of a server with many users would be what is measured.
const policy = { rate: { perSecond: 1e9, burst: 1e9 } };
const server = createReceiptServer({
  store: await openStore(),
  authenticate: (token) => ({ userId: token }),
  policy,
  allowedOrigins: [origin],
});

const publish = ({ id, conversationId, senderId, body }) => {
  const peer = conversationId.slice('direct:'.length);
  return server.publish({ from: senderId, to: { user: senderId === ME ? peer : ME }, body: JSON.parse(body), id, receiptRequested: true });
};

/** Conversations side by side, the messages of each one after the other. */
const publishAll = async (messages) => {
  const byConversation = new Map();
  for (const message of messages) {
    const list = byConversation.get(message.conversationId) ?? [];
    list.push(message);
    byConversation.set(message.conversationId, list);
  }
  await Promise.all(
    [...byConversation.values()].map(async (list) => {
      for (const message of list) await publish(message);
    }),
  );
};

process.on('disconnect', () => process.exit(0));
process.on('message', ({ request, publish: messages }) => {
  publishAll(messages).then(
    () => process.send({ request }),
    (error) => process.send({ request, error: String(error?.stack ?? error) }),
  );
});

const http = createServer();
server.attach(http);
http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
