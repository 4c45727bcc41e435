/** Devices with wrong clocks: the server's times decide. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/index.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

it.each([10, -10])('with a clock %i years off and then corrected, order, times, counts and receipts stay right (F80)', async (years) => {
  const world = createTestWorld({ seed: 80 });
  const phone = world.device('ann');
  phone.skewMs = years * YEAR_MS;
  const [ann, ben] = [await world.open(phone), await world.open(world.device('ben'))];
  await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] }));
  const says = async (tab: typeof ann, peer: string): Promise<string> => {
    const { id } = await world.until(tab.do('sendMessage', `direct:${peer}`, { body: '"x"' }));
    await world.pass(1000);
    return id;
  };
  const sent = [await says(ann, 'ben'), await says(ben, 'ann')];
  const asked = await world.until(ben.do('sendMessage', 'group:crew', { body: '"?"', requestReceipt: true }));
  await world.pass(1000);
  await world.until(ann.do('clearConversationUnreadCount', 'direct:ben'));
  phone.skewMs -= YEAR_MS;
  await world.until(ann.do('sendReadReceipts', 'group:crew', [asked.id]));
  sent.push(await says(ann, 'ben'), await says(ben, 'ann'));

  const list = await world.until(firstValueFrom(ann.watch({ of: 'messages', conversationId: 'direct:ben', limit: 10 })));
  expect(list.map(({ id }) => id)).toEqual(sent);
  const kept = new Map(world.server.dump().messages.map(({ id, sentAt }) => [id, sentAt]));
  expect(list.map(({ sentAt }) => sentAt)).toEqual(sent.map((id) => kept.get(id)));
  expect(await world.until(firstValueFrom(ann.watch({ of: 'unread', conversationId: 'direct:ben' })))).toBe(1);
  const receipts = await world.until(firstValueFrom(ben.watch({ of: 'receipts', messageId: asked.id })));
  expect(receipts).toMatchObject({ state: 'done', readCount: 1 });
});
