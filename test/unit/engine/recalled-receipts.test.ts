/** The receipts of a message end with its recall: no device shows one afterwards, and no event names the message. */
import { expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

const NONE = {
  conversationId: 'direct:ben',
  state: 'none',
  deliveredAt: null,
  readAt: null,
  ackedAt: null,
  conversationReadAt: null,
  readCount: 0,
  unreadCount: 0,
};
const FEW = { conversationId: 'direct:ben', limit: 10 } as const;

const shows = async (tab: WorldTab): Promise<unknown> => [
  (await tab.now({ of: 'messages', ...FEW })).map(({ id, recalled, status }) => [id, recalled, status]),
  (await tab.now({ of: 'receipts-in', ...FEW })).map(({ messageId, readAt }) => [messageId, readAt !== null]),
  await tab.now({ of: 'receipts', messageId: 'a2' }),
];
const GONE = [
  [
    ['a1', false, 'read'],
    ['a2', true, 'sent'],
    ['a3', false, 'read'],
  ],
  [
    ['a1', true],
    ['a2', false],
    ['a3', true],
  ],
  { messageId: 'a2', ...NONE },
];

/** Ann has sent three messages to ben and recalls the second one before ben reads them, or after. */
const world = async (recalls: 'before' | 'after') => {
  const world = createTestWorld({ seed: recalls });
  const [device, phone] = await openDevice(world, 'ann', 'phone');
  const [away, tablet] = await openDevice(world, 'ann', 'tablet');
  const [, ben] = await openDevice(world, 'ben');
  const events: ReceiptEvent[] = [];
  for (const id of ['a1', 'a2', 'a3']) await phone.say('ben', id, { id });
  await tablet.until({ of: 'messages', ...FEW }, (list) => list.at(-1)?.status === 'delivered');
  await ben.until({ of: 'messages', conversationId: 'direct:ann', limit: 10 }, (list) => list.length === 3);
  tablet.watch({ of: 'events' }).subscribe(({ event }) => events.push(event));
  await world.pass(1000);
  events.length = 0;
  goOffline(away);
  await world.pass(100_000);
  const read = () => ben.do('sendConversationReadReceipt', 'direct:ann', {});
  if (recalls === 'after') await read();
  await world.pass(1000);
  goOffline(device);
  await phone.do('recallMessage', 'a2');
  const offline = await phone.now({ of: 'receipts', messageId: 'a2' });
  goOnline(device);
  await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  if (recalls === 'before') await read();
  await world.pass(3000);
  goOnline(away);
  await tablet.until({ of: 'messages', ...FEW }, (list) => list.at(-1)?.status === 'read');
  await world.pass(1000);
  return { world, device, phone, tablet, offline, events };
};

it.each(['before', 'after'] as const)(
  'a message recalled %s the peer’s conversation receipt shows no receipt, on no device, and no event names it (F117)',
  async (recalls) => {
    const { world: here, phone, tablet, offline, events } = await world(recalls);
    expect(offline).toEqual({ messageId: 'a2', ...NONE });
    const [, fresh] = await openDevice(here, 'ann', 'new');
    await fresh.until({ of: 'messages', ...FEW }, (list) => list.length === 3);
    await here.pass(2000);
    for (const tab of [phone, tablet, fresh]) expect(await shows(tab)).toEqual(GONE);
    expect(await phone.ask('fetchReceipts', ['a2'])).toEqual([{ messageId: 'a2', ...NONE }]);
    expect(events.filter(({ type }) => type === 'read')).toMatchObject([
      {
        how: 'conversation',
        messageIds: ['a1', 'a3'],
        ranges: [
          [1, 1],
          [3, 3],
        ],
      },
    ]);
  },
);

it('a recalled message shows no receipt after a restart either (F117)', async () => {
  const { world: here, device, phone } = await world('before');
  await phone.close();
  expect(await shows(await openTab(here, device))).toEqual(GONE);
});
