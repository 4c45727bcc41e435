import { afterAll, beforeAll, expect, it } from 'vitest';
import { isRead } from '../../../src/model/message/receipt.ts';
import { startTestServer, type TestServer } from '../../contract/server-harness.ts';
import { ProtocolClient } from '../../support/protocol-client.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

it('the protocol client sends messages in as many frames as the server accepts, and receives their receipts', async () => {
  const alice = await ProtocolClient.connect(server.url, 'alice', 'alice', 'phone');
  const bob = await ProtocolClient.connect(server.url, 'bob', 'bob', 'phone');
  const results = await bob.submit(Array.from({ length: 250 }, (_, n) => bob.messageEntry('direct:alice', { n })));
  expect(results.map((result) => result.outcome === 'confirmed' && result.message?.seq)).toEqual(
    Array.from({ length: 250 }, (_, i) => i + 1),
  );
  await alice.waitFor(() => alice.rows.get('direct:bob')?.latestSeq === 250);
  await alice.submit([alice.receiptsEntry('direct:bob', { read: [[1, 250]], position: 250 })]);
  const seen = (): boolean => isRead(bob.rows.get('direct:alice')!.theirs, 250);
  await bob.waitFor(seen);
  expect(seen()).toBe(true);
  alice.close();
  bob.close();
});

it('the protocol client gives the reason of a refusal by the server', async () => {
  await expect(ProtocolClient.connect(server.url, 'bob', 'alice', 'phone')).rejects.toThrow('auth/wrong-user');
});
