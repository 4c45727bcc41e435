/** What an app that was written for Easemob Web could stumble over, and the samples that an app calls without a connection. */
import { describe, expect, it } from 'vitest';
import websdk from '../../src/compat/easemob/easemob.ts';
import { stretched } from './backend.ts';
import { easemobPhones, of, text } from './easemob-phones.ts';

describe('the traps of Easemob Web', () => {
  const { start, connect, eventually, live, openPage, cut, heal } = easemobPhones();

  it('the delivery switch is the receiver’s: a receiver without it tells no sender', async () => {
    await start();
    const alice = await live('alice');
    const bob = await connect(websdk, 'bob', { delivery: false });
    await eventually(bob.heard, 'onConnected', undefined);
    const first = text(websdk, 'bob', 'one');
    await alice.conn.send(first);
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: first.id }));
    const second = text(websdk, 'alice', 'two');
    await bob.conn.send(second);
    await eventually(bob.heard, 'onDeliveredMessage', expect.objectContaining({ mid: second.id }));
    expect(of(alice.heard, 'onDeliveredMessage')).toEqual([]);
  });

  it('an event names its message in mid only, and a receipt gets no id from the server', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const message = text(websdk, 'bob', 'one');
    await alice.conn.send(message);
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
    const receipt = websdk.message.create({ type: 'read', chatType: 'singleChat', to: 'alice', id: message.id });
    expect(await bob.conn.send(receipt)).toEqual({ localMsgId: receipt.id, serverMsgId: '' });
    await eventually(alice.heard, 'onReadMessage', expect.objectContaining({ mid: message.id }));
    for (const event of [...of(alice.heard, 'onReadMessage'), ...of(alice.heard, 'onDeliveredMessage')]) {
      expect(event).not.toHaveProperty('ackId');
      expect(event).not.toMatchObject({ id: message.id });
    }
  });

  it('a call in flight rejects with 510 when the app closes the connection', async () => {
    await start();
    const alice = await live('alice');
    const sent = alice.conn.send(text(websdk, 'bob', 'one'));
    alice.conn.close();
    await expect(sent).rejects.toMatchObject({ type: 510 });
  });

  it('a group message that was sent offline asks for receipts after a reload', async () => {
    await start();
    const alice = await live('alice');
    let bob = await openPage('bob');
    await eventually(bob.heard, 'onConnected', undefined);
    await cut();
    await eventually(bob.heard, 'onDisconnected', undefined);
    const crew = { type: 'txt', chatType: 'groupChat', to: 'crew' } as const;
    const message = bob.sdk.message.create({ ...crew, msg: 'message content', msgConfig: { allowGroupAck: true } });
    await bob.conn.send(message);
    bob.frame.remove();

    bob = await openPage('bob');
    await heal();
    await eventually(
      alice.heard,
      'onTextMessage',
      expect.objectContaining({ id: message.id, chatType: 'groupChat', msgConfig: { allowGroupAck: true } }),
    );
    await alice.conn.send(websdk.message.create({ type: 'read', chatType: 'groupChat', id: message.id, to: 'crew', ackContent: '{}' }));
    await eventually(
      bob.heard,
      'onReadMessage',
      expect.objectContaining({ from: 'alice', mid: message.id, groupReadCount: { [message.id]: 1 }, ackContent: '{}' }),
    );
  });

  it('a question in flight rejects with 39 when the app closes the connection, and the connection opens again', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const calls = [alice.conn.localCache.getLocalConversations(), alice.conn.getServerConversations()];
    alice.conn.close();
    expect(of(alice.heard, 'onDisconnected')).toHaveLength(1);
    for (const call of await Promise.allSettled(calls)) if (call.status === 'rejected') expect(call.reason).toMatchObject({ type: 39 });
    await alice.conn.open({ user: 'alice', accessToken: 'token-of-alice' });
    const message = text(websdk, 'bob', 'again');
    await alice.conn.send(message);
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
  });

  it('a handler that throws is reported, and the other handlers hear the event', async () => {
    await start();
    const alice = await live('alice');
    const bob = await openPage('bob');
    await eventually(bob.heard, 'onConnected', undefined);
    const reported: string[] = [];
    bob.frame.window.addEventListener('error', ({ message }) => reported.push(message));
    bob.conn.removeEventHandler('UNIQUE_HANDLER_ID');
    const onTextMessage = (): void => {
      throw new Error('the app’s own error');
    };
    bob.conn.addEventHandler('first', { onTextMessage });
    const later: string[] = [];
    bob.conn.addEventHandler('second', { onTextMessage: ({ id }) => later.push(id) });
    const message = text(websdk, 'bob', 'hello');
    await alice.conn.send(message);
    await expect.poll(() => later, { timeout: await stretched(15_000) }).toEqual([message.id]);
    await expect.poll(() => reported, { timeout: await stretched(15_000) }).toEqual([expect.stringContaining('the app’s own error')]);
  });

  it('a token that the server does not accept is told with 700', async () => {
    await start();
    const mallory = await connect(websdk, 'mallory', { token: 'token-of-alice' });
    await eventually(mallory.heard, 'onError', expect.objectContaining({ type: 700 }));
  });
});
