/** What a message costs that the host publishes, and its delivery. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { hello } from '../../contract/server-harness.ts';
import { countSteps } from '../../support/counted-steps.ts';
import { FakeSocket } from '../../support/fake-socket.ts';

it('publishing costs the same, however many messages its sender has not read', async () => {
  const server = createReceiptServer({ store: createMemoryStore(), authenticate: async (userId) => ({ userId }) });
  const publish = (n: number) => server.publish({ from: 'ann', to: { user: 'bob' }, body: n, id: `m${n}` });
  for (let n = 1; n < 20; n++) await publish(n);
  const early = await countSteps(() => publish(20));
  for (let n = 21; n < 400; n++) await publish(n);
  expect(await countSteps(() => publish(400))).toBe(early);
  await server.close();
});

it('a new message costs a live reader the same, however many messages the reader has not read', async () => {
  const server = createReceiptServer({ store: createMemoryStore(), authenticate: async (userId) => ({ userId }) });
  const socket = new FakeSocket();
  const reader = server.connect(socket)!;
  reader.receive(JSON.stringify(hello('bob')));
  reader.receive(JSON.stringify({ type: 'pull', cursor: null }));
  await reader.settled();
  const publish = async (n: number) => {
    await server.publish({ from: 'ann', to: { user: 'bob' }, body: n, id: `m${1000 + n}` });
    await reader.settled();
  };
  for (let n = 1; n < 100; n++) await publish(n);
  const early = await countSteps(() => publish(100));
  for (let n = 101; n < 700; n++) await publish(n);
  expect(await countSteps(() => publish(700))).toBe(early);
  expect(JSON.stringify(socket.sent.at(-1))).toContain('m1700');
  await server.close();
});
