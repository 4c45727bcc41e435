/** The receipt samples of the vendor's documentation, in the vendor's names, against the real server. */
import { describe, expect, it } from 'vitest';
import { stretched } from './backend.ts';
import { flutterPhones } from './easemob-flutter-phones.ts';

describe('the receipt samples of Easemob Flutter', () => {
  const { frames, start, login, live, told, eventually, received, cut, heal } = flutterPhones();

  it('a direct message is delivered, read by a message receipt, and read by a conversation receipt', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    expect(sent).toMatchObject({ status: 'SUCCESS', from: 'alice', to: 'bob' });
    const message = await received(bob, sent.msgId);
    expect(message).toMatchObject({
      from: 'alice',
      to: 'bob',
      conversationId: 'alice',
      hasRead: false,
      hasReadAck: false,
      body: { content: 'hello' },
    });
    await eventually(alice, 'onMessagesDelivered', [
      [expect.objectContaining({ msgId: sent.msgId, hasDeliverAck: true, hasReadAck: false })],
    ]);

    await expect(bob.manager.sendMessageReadAck(message)).resolves.toBe(true);
    await eventually(alice, 'onMessagesRead', [[expect.objectContaining({ msgId: sent.msgId, hasReadAck: true })]]);
    const conversation = await bob.manager.getConversation('alice');
    expect(await conversation.unreadCount()).toBe(1);

    await bob.manager.sendConversationReadAck('alice');
    await eventually(alice, 'onConversationRead', ['bob', 'alice']);
    expect(await conversation.unreadCount()).toBe(0);
    expect(await bob.manager.getUnreadMessageCount()).toBe(0);
  });

  it('a group receipt comes with its text and the number of readers, and the readers can be listed page by page', async () => {
    await start();
    const [alice, bob, carol] = await Promise.all([live('alice'), live('bob'), live('carol')]);
    const message = alice.text('crew', 'all hands');
    message.chatType = alice.sdk.ChatType.GroupChat;
    message.needGroupAck = true;
    await alice.manager.sendMessage(message);
    await Promise.all([bob, carol].map((phone) => received(phone, message.msgId)));
    await bob.manager.sendGroupMessageReadAck(message.msgId, 'crew', { content: 'aye' });
    await eventually(alice, 'onGroupMessageRead', [
      [expect.objectContaining({ messageId: message.msgId, from: 'bob', content: 'aye', readCount: 1 })],
    ]);
    await carol.manager.sendGroupMessageReadAck(message.msgId, 'crew');
    await eventually(alice, 'onGroupMessageRead', [[expect.objectContaining({ from: 'carol', readCount: 2 })]]);
    const first = await alice.manager.fetchGroupAcks(message.msgId, 'crew', { pageSize: 1 });
    expect(first).toMatchObject({ data: [{ from: 'bob', content: 'aye', readCount: 2 }], cursor: expect.any(String) as string });
    const second = await alice.manager.fetchGroupAcks(message.msgId, 'crew', { pageSize: 1, startAckId: first.cursor! });
    expect(second.data).toMatchObject([{ from: 'carol' }]);
  });

  it('a message marked as read leaves the count, and the sender learns nothing', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const ids: string[] = [];
    for (const content of ['1', '2', '3']) ids.push((await alice.manager.sendMessage(alice.text('bob', content))).msgId);
    await received(bob, ids[2]!);
    const conversation = await bob.manager.getConversation('alice');
    await conversation.markMessageAsRead(ids[1]!);
    expect(await conversation.unreadCount()).toBe(2);
    await conversation.markAllMessagesAsRead();
    expect(await conversation.unreadCount()).toBe(0);
    await bob.manager.sendMessage(bob.text('alice', 'done'));
    await eventually(alice, 'onMessagesReceived', [[expect.objectContaining({ body: { type: 'txt', content: 'done' } })]]);
    expect([...told(alice, 'onMessagesRead'), ...told(alice, 'onConversationRead')]).toEqual([]);
  });

  it('with requireAck off, message and conversation receipts send nothing, now and later', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob', { requireAck: false })]);
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    await expect(bob.manager.sendMessageReadAck(await received(bob, msgId))).resolves.toBe(false);
    await bob.manager.sendConversationReadAck('alice');
    await bob.manager.sendMessage(bob.text('alice', 'done'));
    await eventually(alice, 'onMessagesReceived', [[expect.objectContaining({ from: 'bob' })]]);
    expect([...told(alice, 'onMessagesRead'), ...told(alice, 'onConversationRead')]).toEqual([]);
    expect(await (await bob.manager.getConversation('alice')).unreadCount()).toBe(1);
  });

  it('another page of the same user has the count of a conversation receipt', async () => {
    await start();
    const [alice, phone] = await Promise.all([live('alice'), live('bob')]);
    const tablet = await live('bob');
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    await Promise.all([phone, tablet].map((one) => received(one, msgId)));
    await phone.manager.sendConversationReadAck('alice');
    const conversation = await tablet.manager.getConversation('alice');
    await expect.poll(() => conversation.unreadCount(), { timeout: await stretched(5000) }).toBe(0);
    await eventually(alice, 'onConversationRead', ['bob', 'alice']);
  });

  it('receipts that were made offline arrive after a reload', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'one'));
    const { msgId: other } = await alice.manager.sendMessage(alice.text('bob', 'two'));
    const message = await received(bob, msgId);
    await received(bob, other);
    await cut();
    const offline = bob.text('alice', 'from the tunnel');
    await bob.manager.sendMessageReadAck(message);
    await bob.manager.sendConversationReadAck('alice');
    await bob.manager.sendMessage(offline);
    bob.reload();

    bob = await login('bob');
    expect(await bob.manager.getUnreadMessageCount()).toBe(0);
    await heal();
    await eventually(alice, 'onMessagesReceived', [[expect.objectContaining({ msgId: offline.msgId })]]);
    await eventually(alice, 'onMessagesRead', [[expect.objectContaining({ msgId })]]);
    await eventually(alice, 'onConversationRead', ['bob', 'alice']);
    expect(told(alice, 'onConversationRead')).toHaveLength(1);
  });

  it('a token that is over at the log-in is told, and the connection goes on with the renewed token', async () => {
    await start();
    const alice = await login('alice', { token: `token-of-alice until ${Date.now() - 1000}` });
    await eventually(alice, 'onTokenDidExpire', []);
    await alice.client.renewToken('token-of-alice');
    await eventually(alice, 'onConnected', []);
    await cut();
    await eventually(alice, 'onDisconnected', []);
    expect(told(alice, 'onTokenDidExpire')).toHaveLength(1);
  });

  it('the conversations come with their newest message and their counts', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    await received(bob, msgId);
    const conversations = await bob.manager.loadAllConversations();
    expect(conversations).toMatchObject([{ id: 'alice', type: 'Chat' }]);
    expect(await conversations[0]!.latestMessage()).toMatchObject({ msgId, body: { content: 'hello' } });
    expect(await conversations[0]!.unreadCount()).toBe(1);
    const crew = await bob.manager.getConversation('crew', { type: 'GroupChat' });
    expect(await crew.latestMessage()).toBeNull();
  });

  it('a refused call whose promise the app ignores is no unhandled rejection', async () => {
    await start();
    const alice = await live('alice');
    const unhandled: unknown[] = [];
    for (const page of [window, ...frames.map((frame) => frame.window)])
      page.addEventListener('unhandledrejection', (event) => unhandled.push(event.reason));
    void alice.manager.sendGroupMessageReadAck('no-such-message', 'crew');
    await expect(alice.manager.sendGroupMessageReadAck('nor-this-one', 'crew')).rejects.toMatchObject({ code: 500 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).toEqual([]);
  });

  it('refusals have the vendor’s codes', async () => {
    await start({ windowMs: 1, mayRequest: 'admins' });
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const refused = alice.text('crew', 'x');
    Object.assign(refused, { chatType: 'GroupChat', needGroupAck: true });
    await expect(alice.manager.sendMessage(refused)).rejects.toMatchObject({ code: 603 });
    expect(refused.status).toBe('FAIL');
    const plain = alice.text('crew', 'y');
    plain.chatType = 'GroupChat';
    await alice.manager.sendMessage(plain);
    await received(bob, plain.msgId);
    await expect(bob.manager.sendGroupMessageReadAck(plain.msgId, 'crew')).rejects.toMatchObject({ code: 500 });
    await bob.client.logout();
    await expect(bob.manager.getUnreadMessageCount()).rejects.toMatchObject({ code: 201 });
  });

  it('a group receipt after its window is 506', async () => {
    await start({ windowMs: 1 });
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const message = alice.text('crew', 'x');
    Object.assign(message, { chatType: 'GroupChat', needGroupAck: true });
    await alice.manager.sendMessage(message);
    await received(bob, message.msgId);
    await expect(bob.manager.sendGroupMessageReadAck(message.msgId, 'crew')).rejects.toMatchObject({ code: 506 });
  });

  it('a group message that asks for receipts where receipts are off is 505', async () => {
    await start({ groups: false });
    const alice = await live('alice');
    const message = alice.text('crew', 'x');
    Object.assign(message, { chatType: 'GroupChat', needGroupAck: true });
    await expect(alice.manager.sendMessage(message)).rejects.toMatchObject({ code: 505 });
  });
});
