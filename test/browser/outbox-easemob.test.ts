/** The outbox in front of the vendor's own SDK: what the user reads offline reaches the sender after a restart of the app. */
import vendor from 'easemob-websdk';
import { expect, it } from 'vitest';
import { easemobConversation, easemobOutbox } from '../../src/outbox/adapters/easemob.ts';
import { createReceiptOutbox } from '../../src/outbox/outbox.ts';
import { ask, stretched } from './backend.ts';

it('receipts that were written offline reach the sender once after a restart; the SDK alone delivers none', async () => {
  const { port } = await ask('startStandIn', { crew: [] });
  vendor.logger.disableAll();
  const connect = () => new vendor.connection({ appKey: 'org#app', delivery: true, url: `ws://127.0.0.1:${port}`, isHttpDNS: false });
  const name = `easemob-${crypto.randomUUID()}`;
  const bob = connect();
  const heard: string[] = [];
  bob.addEventHandler('test', {
    onReadMessage: ({ mid }) => heard.push(`read ${mid}`),
    onChannelMessage: ({ from }) => heard.push(`channel ${from}`),
  });
  await bob.open({ user: 'bob', accessToken: 'token' });
  const ids: string[] = [];
  for (const msg of ['one', 'two', 'three']) {
    const message = vendor.message.create({ chatType: 'singleChat', type: 'txt', to: 'alice', msg });
    ids.push((await bob.send(message)).serverMsgId);
  }

  const chat = easemobConversation('singleChat', 'bob');
  const outboxOf = (connection: ReturnType<typeof connect>) => createReceiptOutbox({ name, ...easemobOutbox(connection, vendor.message) });
  // The app is offline: its connection was never opened. The SDK alone gives the receipt up.
  const offline = connect();
  const lost = offline.send(vendor.message.create({ type: 'read', chatType: 'singleChat', to: 'bob', id: ids[2]! }));
  lost.catch(() => undefined);
  const before = outboxOf(offline);
  await before.read(chat, [ids[0]!, ids[1]!]);
  await before.read(chat, [ids[0]!]);
  await before.readConversation(chat, { upTo: { id: ids[1]!, order: 2 } });
  before.close();
  offline.close();

  const online = connect();
  const after = outboxOf(online);
  await online.open({ user: 'alice', accessToken: 'token' });
  const expected = [`read ${ids[0]}`, `read ${ids[1]}`, 'channel alice'];
  await expect.poll(() => heard, { timeout: await stretched(15_000) }).toEqual(expect.arrayContaining(expected));
  expect((await after.flush()).pending).toBe(0);
  expect(heard.toSorted()).toEqual(expected.toSorted());
  after.close();
  for (const connection of [bob, online]) connection.close();
  await ask('stopStandIn', { port });
});
