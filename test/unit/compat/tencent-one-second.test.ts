/** The vendor tells read messages by their seconds. The facade tells them by their ids and positions. */
import { defer } from 'rxjs';
import { expect, it } from 'vitest';
import { createLiveMessages } from '../../../src/compat/tencent/live-messages.ts';
import type { Message } from '../../../src/compat/tencent/tencent.ts';
import type { ReceiptClient } from '../../../src/index.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { openDevice } from '../../support/on-tab.ts';

it('of two messages of the same second, setMessageRead between them reads the first only', async () => {
  const world = createTestWorld();
  const [, alice] = await openDevice(world, 'alice');
  const [, bob] = await openDevice(world, 'bob');
  await alice.live();
  await bob.live();
  const client: Pick<ReceiptClient, 'userId' | 'findMessage' | 'watchReceipts'> = {
    userId: 'alice',
    findMessage: (id) => alice.ask('findMessage', id),
    watchReceipts: (messageId) => defer(() => alice.now({ of: 'receipts', messageId })),
  };
  const live = createLiveMessages(client);
  const shown = async (id: string): Promise<Message> => (await live.refresh([id]))[0]!;

  await alice.say('bob', '1', { id: 'first', requestReceipt: true });
  await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 10 }, (list) => list.length === 1);
  await bob.do('sendConversationReadReceipt', 'direct:alice', {});
  await alice.until({ of: 'receipts', messageId: 'first' }, (receipts) => receipts?.state === 'done');
  await alice.say('bob', '2', { id: 'second', requestReceipt: true });
  await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 10 }, (list) => list.length === 2);

  const [first, second] = [await shown('first'), await shown('second')];
  expect(first.time).toBe(second.time);
  expect([first.isPeerRead, second.isPeerRead]).toEqual([true, false]);
});
