/** What the vendor's server or SDK refuses, in the vendor's codes and words. */
import { describe, expect, it } from 'vitest';
import websdk from '../../src/compat/easemob/easemob.ts';
import { easemobPhones, of, text } from './easemob-phones.ts';

describe('the refusals of Easemob Web', () => {
  const { start, eventually, live, cut, url } = easemobPhones();

  it('a group message that asks for receipts where receipts are off rejects with the vendor’s code and text', async () => {
    await start({ groups: false });
    const alice = await live('alice');
    const message = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'x', msgConfig: { allowGroupAck: true } });
    await expect(alice.conn.send(message)).rejects.toMatchObject({ type: 503, message: 'group ack not open' });
    expect(of(alice.heard, 'onError')).toEqual([]);
  });

  it('a member who may not ask for receipts gets the vendor’s code and text', async () => {
    await start({ mayRequest: 'admins' });
    const alice = await live('alice');
    const message = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'x', msgConfig: { allowGroupAck: true } });
    await expect(alice.conn.send(message)).rejects.toMatchObject({ type: 503, message: 'group ack msg permission denied' });
  });

  it('a receipt for a message that does not exist, or comes too late, rejects with the vendor’s code and text', async () => {
    await start({ windowMs: 1 });
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const message = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'x', msgConfig: { allowGroupAck: true } });
    await alice.conn.send(message);
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
    for (const id of [message.id, 'no-such-message'])
      await expect(bob.conn.send(websdk.message.create({ type: 'read', chatType: 'groupChat', to: 'crew', id }))).rejects.toMatchObject({
        type: 503,
        message: 'group ack msg not found',
      });
  });

  it('calls before the log-in and after close reject with 39, and offline queries with 16', async () => {
    await start();
    const conn = new websdk.connection({ appKey: 'org#app' }, { url: url() });
    await expect(conn.send(text(websdk, 'bob', 'x'))).rejects.toMatchObject({ type: 39 });
    const alice = await live('alice');
    await cut();
    await eventually(alice.heard, 'onDisconnected', undefined);
    await expect(alice.conn.getGroupMsgReadUser({ msgId: 'm', groupId: 'crew' })).rejects.toMatchObject({ type: 16 });
    alice.conn.close();
    await expect(alice.conn.send(text(websdk, 'bob', 'x'))).rejects.toMatchObject({ type: 39 });
    expect(alice.conn.isOpened()).toBe(false);
  });

  it('bad arguments of the local cache throw at once', async () => {
    await start();
    const conn = new websdk.connection({ appKey: 'org#app' }, { url: url() });
    expect(() => conn.localCache.clearConversationUnreadCount({ conversationId: '', conversationType: 'singleChat' })).toThrow(
      'Invalid parameter conversationId',
    );
    await expect(
      conn.localCache.clearConversationUnreadCount({ conversationId: 'bob', conversationType: 'singleChat' }),
    ).rejects.toMatchObject({ type: 604 });
  });
});
