/** The receipt samples of the vendor's documentation, in the vendor's names, against the real server. */
import { beforeEach, describe, expect, it } from 'vitest';
import websdk from '../../src/compat/easemob/easemob.ts';
import { stretched } from './backend.ts';
import { easemobPhones, of, text } from './easemob-phones.ts';

describe('the receipt samples of Easemob Web', () => {
  const { start, connect, eventually, live, openPage, cut, heal } = easemobPhones();

  describe('online', () => {
    beforeEach(() => start());

    it('a message is received, delivered, read by a message receipt, and then by a conversation receipt', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      const message = text(websdk, 'bob', 'high water at six');
      await expect(alice.conn.send(message)).resolves.toMatchObject({ localMsgId: message.id, serverMsgId: message.id });
      await eventually(alice.heard, 'onReceivedMessage', { id: message.id, mid: message.id, to: 'bob' });
      await eventually(
        bob.heard,
        'onTextMessage',
        expect.objectContaining({
          id: message.id,
          type: 'txt',
          chatType: 'singleChat',
          from: 'alice',
          to: 'bob',
          msg: 'high water at six',
        }),
      );
      await eventually(
        alice.heard,
        'onDeliveredMessage',
        expect.objectContaining({ type: 'delivery', from: 'bob', to: 'alice', mid: message.id }),
      );

      const receipt = websdk.message.create({ type: 'read', chatType: 'singleChat', to: 'alice', id: message.id });
      expect(receipt).toMatchObject({ type: 'read', ackId: message.id, to: 'alice', from: '' });
      expect(receipt.id).not.toBe(message.id);
      await bob.conn.send(receipt);
      await eventually(alice.heard, 'onReadMessage', expect.objectContaining({ type: 'read', from: 'bob', to: 'alice', mid: message.id }));
      await eventually(bob.heard, 'onReceivedMessage', { id: receipt.id, mid: `read/bob/${message.id}`, to: 'alice' });
      const before = await bob.conn.localCache.getLocalConversation({ conversationId: 'alice', conversationType: 'singleChat' });
      expect(before.data?.unReadCount).toBe(1);

      await bob.conn.send(websdk.message.create({ chatType: 'singleChat', type: 'channel', to: 'alice' }));
      await eventually(
        alice.heard,
        'onChannelMessage',
        expect.objectContaining({ type: 'channel', chatType: 'singleChat', from: 'bob', to: 'alice' }),
      );
      const { data } = await bob.conn.getServerConversations({ pageSize: 50, cursor: '' });
      expect(data).toMatchObject({
        cursor: '',
        conversations: [{ conversationId: 'alice', conversationType: 'singleChat', unReadCount: 0 }],
      });
    });

    it('a message receipt that comes after the conversation receipt is told too', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      const message = text(websdk, 'bob', 'one');
      await alice.conn.send(message);
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
      await bob.conn.send(websdk.message.create({ chatType: 'singleChat', type: 'channel', to: 'alice' }));
      await eventually(alice.heard, 'onChannelMessage', expect.objectContaining({ from: 'bob' }));
      expect(of(alice.heard, 'onReadMessage')).toEqual([]);
      await bob.conn.send(websdk.message.create({ type: 'read', chatType: 'singleChat', to: 'alice', id: message.id }));
      await eventually(alice.heard, 'onReadMessage', expect.objectContaining({ mid: message.id }));
    });

    it('a group receipt comes with its text and the number of readers, and the readers can be listed', async () => {
      const [alice, bob, carol] = await Promise.all([live('alice'), live('bob'), live('carol')]);
      const message = websdk.message.create({
        type: 'txt',
        chatType: 'groupChat',
        to: 'crew',
        msg: 'message content',
        msgConfig: { allowGroupAck: true },
      });
      await alice.conn.send(message);
      await Promise.all([bob, carol].map(({ heard }) => eventually(heard, 'onTextMessage', expect.objectContaining({ id: message.id }))));
      await bob.conn.send(
        websdk.message.create({ type: 'read', chatType: 'groupChat', id: message.id, to: 'crew', ackContent: JSON.stringify({ aye: 1 }) }),
      );
      await eventually(
        alice.heard,
        'onReadMessage',
        expect.objectContaining({ from: 'bob', mid: message.id, groupReadCount: { [message.id]: 1 }, ackContent: '{"aye":1}' }),
      );
      await carol.conn.send(websdk.message.create({ type: 'read', chatType: 'groupChat', id: message.id, to: 'crew' }));
      await eventually(alice.heard, 'onReadMessage', expect.objectContaining({ from: 'carol', groupReadCount: { [message.id]: 2 } }));
      const { data } = await alice.conn.getGroupMsgReadUser({ msgId: message.id, groupId: 'crew' });
      expect(data).toMatchObject({ ackmid: message.id, is_last: true, total: 2, userlist: ['bob', 'carol'] });
    });

    it('a conversation receipt in a group clears the count and tells no member', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      const message = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'all hands' });
      await alice.conn.send(message);
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
      await bob.conn.send(websdk.message.create({ type: 'channel', chatType: 'groupChat', to: 'crew' }));
      const { data } = await bob.conn.localCache.getLocalConversation({ conversationId: 'crew', conversationType: 'groupChat' });
      expect(data?.unReadCount).toBe(0);
      // The arrival of a later message shows the end of the earlier reports.
      await bob.conn.send(text(websdk, 'alice', 'done'));
      await eventually(alice.heard, 'onTextMessage', expect.objectContaining({ msg: 'done' }));
      expect(of(alice.heard, 'onChannelMessage')).toEqual([]);
    });

    it('a local clear sets the count to 0 and tells the sender nothing', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      await alice.conn.send(text(websdk, 'bob', 'one'));
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ msg: 'one' }));
      await bob.conn.localCache.clearConversationUnreadCount({ conversationId: 'alice', conversationType: 'singleChat' });
      expect((await bob.conn.localCache.getLocalConversations()).data).toMatchObject([{ conversationId: 'alice', unReadCount: 0 }]);
      await bob.conn.send(text(websdk, 'alice', 'done'));
      await eventually(alice.heard, 'onTextMessage', expect.objectContaining({ msg: 'done' }));
      expect([...of(alice.heard, 'onChannelMessage'), ...of(alice.heard, 'onReadMessage')]).toEqual([]);
    });

    it('a sender who was away gets the read counts of group messages as statistics', async () => {
      const first = await openPage('alice');
      await eventually(first.heard, 'onConnected', undefined);
      const bob = await live('bob');
      const message = first.sdk.message.create({
        type: 'txt',
        chatType: 'groupChat',
        to: 'crew',
        msg: 'x',
        msgConfig: { allowGroupAck: true },
      });
      await first.conn.send(message);
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
      first.frame.remove();
      await bob.conn.send(websdk.message.create({ type: 'read', chatType: 'groupChat', id: message.id, to: 'crew' }));
      await eventually(bob.heard, 'onReceivedMessage', expect.objectContaining({ to: 'crew' }));
      const { heard } = await openPage('alice');
      await eventually(heard, 'onStatisticMessage', { operation: 0, location: JSON.stringify({ group_ack: [{ [message.id]: 1 }] }) });
      // The vendor's sample reads the event like this.
      const [statistics] = of(heard, 'onStatisticMessage') as [{ location: string }];
      expect((statistics.location && (JSON.parse(statistics.location) as { group_ack: unknown[] })).valueOf()).toMatchObject({
        group_ack: [{}],
      });
    });

    it('a recalled message is told', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      const message = text(websdk, 'bob', 'oops');
      await alice.conn.send(message);
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
      await alice.conn.recallMessage({ mid: message.id, to: 'bob' });
      await eventually(bob.heard, 'onRecallMessage', { id: message.id, mid: message.id, from: 'alice', to: 'bob' });
    });

    it('the history of a conversation comes page by page, the newest message first', async () => {
      const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
      for (const msg of ['1', '2', '3']) await alice.conn.send(text(websdk, 'bob', msg));
      await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ msg: '3' }));
      const first = await bob.conn.getHistoryMessages({ targetId: 'alice', chatType: 'singleChat', pageSize: 2 });
      expect(first).toMatchObject({ messages: [{ msg: '3' }, { msg: '2' }], isLast: false });
      const second = await bob.conn.getHistoryMessages({ targetId: 'alice', chatType: 'singleChat', pageSize: 2, cursor: first.cursor });
      expect(second).toMatchObject({ messages: [{ msg: '1' }], isLast: true });
    });

    it('two pages of a user hear every receipt, and show the same count', async () => {
      const alice = await live('alice');
      const [one, two] = [await openPage('bob'), await openPage('bob')];
      // The messages of a first snapshot are no news.
      await Promise.all([one, two].map(({ heard }) => eventually(heard, 'onConnected', undefined)));
      await alice.conn.send(text(websdk, 'bob', 'one'));
      await Promise.all([one, two].map(({ heard }) => eventually(heard, 'onTextMessage', expect.objectContaining({ msg: 'one' }))));
      await one.conn.localCache.clearConversationUnreadCount({ conversationId: 'alice', conversationType: 'singleChat' });
      await expect
        .poll(async () => (await two.conn.localCache.getLocalConversations()).data[0]?.unReadCount, { timeout: await stretched(5000) })
        .toBe(0);
    });

    it('an expired token is told, and the connection goes on with the renewed token', async () => {
      const alice = await connect(websdk, 'alice', { token: `token-of-alice until ${Date.now() + 1000}` });
      await expect
        .poll(() => [...of(alice.heard, 'onTokenExpired'), ...of(alice.heard, 'onTokenWillExpire')].length, {
          timeout: await stretched(15_000),
        })
        .toBeGreaterThan(0);
      await alice.conn.renewToken('token-of-alice');
      const bob = await live('bob');
      await bob.conn.send(text(websdk, 'alice', 'still there?'));
      await eventually(alice.heard, 'onTextMessage', expect.objectContaining({ msg: 'still there?' }));
    });
  });

  it('receipts and clears that were made offline arrive after a reload, each once', async () => {
    await start();
    const alice = await live('alice');
    let bob = await openPage('bob');
    await eventually(bob.heard, 'onConnected', undefined);
    const sent = [text(websdk, 'bob', '1'), text(websdk, 'bob', '2')];
    for (const message of sent) await alice.conn.send(message);
    const group = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'x', msgConfig: { allowGroupAck: true } });
    await alice.conn.send(group);
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: group.id }));
    await eventually(bob.heard, 'onTextMessage', expect.objectContaining({ id: sent[1]!.id }));
    await cut();
    await eventually(bob.heard, 'onDisconnected', undefined);

    await bob.conn.send(bob.sdk.message.create({ type: 'read', chatType: 'singleChat', to: 'alice', id: sent[0]!.id }));
    await bob.conn.send(bob.sdk.message.create({ type: 'read', chatType: 'singleChat', to: 'alice', id: sent[0]!.id }));
    await bob.conn.send(bob.sdk.message.create({ type: 'channel', chatType: 'singleChat', to: 'alice' }));
    await bob.conn.send(bob.sdk.message.create({ type: 'read', chatType: 'groupChat', to: 'crew', id: group.id, ackContent: 'aye' }));
    await bob.conn.localCache.clearConversationUnreadCount({ conversationId: 'crew', conversationType: 'groupChat' });
    const answer = text(bob.sdk, 'alice', 'from the tunnel');
    await expect(bob.conn.send(answer)).resolves.toMatchObject({ localMsgId: answer.id });
    bob.frame.remove();

    bob = await openPage('bob');
    const counts = async () =>
      (await bob.conn.localCache.getLocalConversations()).data
        .map(({ conversationId, unReadCount }) => [conversationId, unReadCount])
        .sort();
    expect(await counts()).toEqual([
      ['alice', 0],
      ['crew', 0],
    ]);
    await heal();
    await eventually(alice.heard, 'onTextMessage', expect.objectContaining({ id: answer.id, msg: 'from the tunnel' }));
    await eventually(alice.heard, 'onChannelMessage', expect.objectContaining({ from: 'bob' }));
    await eventually(alice.heard, 'onReadMessage', expect.objectContaining({ mid: sent[0]!.id }));
    // The cut took alice away too. So she hears of the group receipt as statistics if it came before she was back.
    const groupReads = () => [
      ...of(alice.heard, 'onReadMessage').filter((read) => (read as { mid: string }).mid === group.id),
      ...of(alice.heard, 'onStatisticMessage').filter((statistics) => (statistics as { location: string }).location.includes(group.id)),
    ];
    await expect.poll(groupReads, { timeout: await stretched(15_000) }).toHaveLength(1);
    const { data } = await alice.conn.getGroupMsgReadUser({ msgId: group.id, groupId: 'crew' });
    expect(data).toMatchObject({ total: 1, userlist: ['bob'] });
    expect(of(alice.heard, 'onReadMessage').filter((read) => (read as { mid: string }).mid === sent[0]!.id)).toHaveLength(1);
    expect(of(alice.heard, 'onChannelMessage')).toHaveLength(1);
    expect(await counts()).toEqual([
      ['alice', 0],
      ['crew', 0],
    ]);
  });
});
