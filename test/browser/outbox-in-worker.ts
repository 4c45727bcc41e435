/** A worker of an app, with an outbox whose SDK tells the page about each request. */
import { createReceiptOutbox } from '../../src/outbox/outbox.ts';

const outbox = createReceiptOutbox({
  name: self.name,
  send: ({ conversation, readUpTo }) => Promise.resolve(postMessage({ conversation, upTo: readUpTo?.id })),
  connected: {
    subscribe(next) {
      next(true);
      return { unsubscribe: () => undefined };
    },
  },
});
await outbox.readConversation('chat', { upTo: { id: 'm7', order: 7 } });
