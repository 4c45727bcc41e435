/** The events of ZIM for receipts of the user's own devices and of the peer. */
import { expect, it } from 'vitest';
import type { ReceiptClient, ReceiptEvent } from '../../../src/index.ts';
import { tellEvent } from '../../../src/compat/zim/events.ts';
import type { Tell } from '../../../src/compat/zim/types.ts';
import type { ZIMMessageReceiptInfo } from '../../../src/compat/zim/zim.ts';

const toldOf = async (event: ReceiptEvent): Promise<ZIMMessageReceiptInfo[]> => {
  const told: ZIMMessageReceiptInfo[] = [];
  const tell: Tell = (_type, data) => {
    if ('infos' in data) told.push(...(data.infos as ZIMMessageReceiptInfo[]));
  };
  await tellEvent(tell, {} as ReceiptClient, event);
  return told;
};

const read = { type: 'read', conversationId: 'direct:alice', messageIds: ['m1'], ranges: [], how: 'message', by: 'bob' } as const;

it('a message receipt of another device of the user is self-operated, and the receipt of the peer is not', async () => {
  expect(await toldOf({ ...read, self: true })).toMatchObject([{ messageID: 'm1', status: 2, isSelfOperated: true }]);
  expect(await toldOf({ ...read, self: false })).toMatchObject([{ messageID: 'm1', status: 2, isSelfOperated: false }]);
});

it('the messages of a conversation receipt have no event of their own', async () => {
  expect(await toldOf({ ...read, how: 'conversation', self: false })).toEqual([]);
});
