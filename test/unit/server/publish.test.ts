/** What a message costs that the host publishes. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { countSteps } from '../../support/counted-steps.ts';

it('publishing costs the same, however many messages its sender has not read', async () => {
  const server = createReceiptServer({ store: createMemoryStore(), authenticate: async (userId) => ({ userId }) });
  const publish = (n: number) => server.publish({ from: 'ann', to: { user: 'bob' }, body: n, id: `m${n}` });
  for (let n = 1; n < 20; n++) await publish(n);
  const early = await countSteps(() => publish(20));
  for (let n = 21; n < 400; n++) await publish(n);
  expect(await countSteps(() => publish(400))).toBe(early);
  await server.close();
});
