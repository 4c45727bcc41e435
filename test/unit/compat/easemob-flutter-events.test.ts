/** The two meanings of a conversation receipt's event. */
import { expect, it } from 'vitest';
import { ChatEvents } from '../../../src/compat/easemob-flutter/event-handler.ts';
import type { ReceiptClient } from '../../../src/index.ts';

it('a conversation receipt is told from its sender to its receiver: from the peer, or from another device of the user', async () => {
  const events = new ChatEvents();
  const told: string[][] = [];
  events.add('UNIQUE_HANDLER_ID', { onConversationRead: (...names) => void told.push(names) });
  const client = { userId: 'alice' } as ReceiptClient;
  const read = { type: 'conversationRead', conversationId: 'direct:bob', upTo: 1 } as const;
  await events.tell(client, { ...read, by: 'bob', self: false });
  await events.tell(client, { ...read, by: 'alice', self: true });
  expect(told).toEqual([
    ['bob', 'alice'],
    ['alice', 'bob'],
  ]);
});
