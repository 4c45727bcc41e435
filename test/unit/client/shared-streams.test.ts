import { expect, it } from 'vitest';
import { createReceiptClient, type ReceiptClient } from '../../../src/index.ts';

const created = (): ReceiptClient => createReceiptClient({ url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' });

const STREAMS: Readonly<Record<string, (client: ReceiptClient) => unknown>> = {
  watchTotalUnreadCount: (client) => client.watchTotalUnreadCount({ of: 'mentions' }),
  watchUnreadCount: (client) => client.watchUnreadCount('direct:bob'),
  watchMessages: (client) => client.watchMessages('direct:bob', { limit: 10 }),
  watchConversations: (client) => client.watchConversations({ limit: 10 }),
  watchConnection: (client) => client.watchConnection(),
  watchEvents: (client) => client.watchEvents(),
};

it.each(Object.entries(STREAMS))('the same call of %s returns the same Observable', (_name, watch) => {
  const client = created();
  expect(watch(client)).toBe(watch(client));
  expect(watch(client)).not.toBe(watch(created()));
});

it('calls with other arguments return other Observables', () => {
  const client = created();
  expect(client.watchMessages('direct:bob')).not.toBe(client.watchMessages('direct:bob', { limit: 10 }));
  expect(client.watchMessages('direct:bob')).toBe(client.watchMessages('direct:bob', { limit: 50 }));
  expect(client.watchUnreadCount('direct:bob')).not.toBe(client.watchMentionCount('direct:bob'));
});

it('a closed client returns no held stream', async () => {
  const client = created();
  const stream = client.watchConnection();
  await client.close();
  expect(() => client.watchConnection()).toThrow('close()');
  expect(stream).toBeDefined();
});
