/** What an app that was written for Easemob Flutter could stumble over, and the samples that an app calls without a connection. */
import { describe, expect, it } from 'vitest';
import { stretched } from './backend.ts';
import { flutterPhones } from './easemob-flutter-phones.ts';

describe('the traps of Easemob Flutter', () => {
  const { start, login, live, told, eventually, received, cut, heal } = flutterPhones();

  it('a message marked as read offline and group receipts that were made offline arrive after a reload', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const group = alice.text('crew', 'all hands');
    Object.assign(group, { chatType: 'GroupChat', needGroupAck: true });
    await alice.manager.sendMessage(group);
    const ids: string[] = [];
    for (const content of ['1', '2']) ids.push((await alice.manager.sendMessage(alice.text('bob', content))).msgId);
    for (const msgId of [group.msgId, ...ids]) await received(bob, msgId);
    await cut();
    await eventually(bob, 'onDisconnected', []);
    await bob.manager.sendGroupMessageReadAck(group.msgId, 'crew', { content: 'aye' });
    await (await bob.manager.getConversation('alice')).markMessageAsRead(ids[0]!);
    await (await bob.manager.getConversation('crew', { type: 'GroupChat' })).markAllMessagesAsRead();
    const offline = bob.text('crew', 'from the tunnel');
    Object.assign(offline, { chatType: 'GroupChat', needGroupAck: true });
    await bob.manager.sendMessage(offline);
    expect(offline.status).toBe('PROGRESS');
    await expect(bob.manager.fetchGroupAcks(group.msgId, 'crew')).rejects.toMatchObject({ code: 2 });
    bob.reload();

    bob = await login('bob');
    const counts = async (): Promise<readonly number[]> => [
      await (await bob.manager.getConversation('alice')).unreadCount(),
      await (await bob.manager.getConversation('crew', { type: 'GroupChat' })).unreadCount(),
    ];
    expect(await counts()).toEqual([1, 0]);
    await heal();
    const got = await received(alice, offline.msgId);
    expect(got).toMatchObject({ needGroupAck: true, chatType: 'GroupChat' });
    await alice.manager.sendGroupMessageReadAck(offline.msgId, 'crew');
    await eventually(bob, 'onGroupMessageRead', [[expect.objectContaining({ messageId: offline.msgId, from: 'alice', readCount: 1 })]]);
    const { data } = await alice.manager.fetchGroupAcks(group.msgId, 'crew');
    expect(data).toMatchObject([{ from: 'bob', content: 'aye' }]);
    expect(await counts()).toEqual([1, 0]);
    expect(told(alice, 'onMessagesRead')).toEqual([]);
  });

  it('calls and questions in flight reject with 201 when the user logs out, and the next log-in goes on', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const message = alice.text('bob', 'hello');
    const conversation = await alice.manager.getConversation('bob');
    const calls = [
      alice.manager.sendMessage(message),
      alice.manager.getUnreadMessageCount(),
      conversation.unreadCount(),
      conversation.loadMessages(),
      alice.manager.sendConversationReadAck('bob'),
    ];
    await alice.client.logout();
    for (const call of await Promise.allSettled(calls)) if (call.status === 'rejected') expect(call.reason).toMatchObject({ code: 201 });
    await expect(calls[0]).rejects.toMatchObject({ code: 201 });
    await alice.client.loginWithToken('alice', 'token-of-alice');
    const sent = await alice.manager.sendMessage(alice.text('bob', 'again'));
    await received(bob, sent.msgId);
  });

  it('a new device shows all messages from before it was there, with the first call', async () => {
    await start();
    const alice = await live('alice');
    const ids: string[] = [];
    for (const content of ['1', '2', '3', '4', '5']) ids.push((await alice.manager.sendMessage(alice.text('bob', content))).msgId);
    const bob = await live('bob');
    const conversation = await bob.manager.getConversation('alice');
    expect((await conversation.loadMessages({ loadCount: 5 })).map(({ msgId }) => msgId)).toEqual(ids);
    expect((await conversation.loadMessages({ loadCount: 2 })).map(({ msgId }) => msgId)).toEqual(ids.slice(-2));
    expect(await conversation.latestMessage()).toMatchObject({ msgId: ids[4] });
  });

  it('a handler that throws is reported, and the other handlers hear the event', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const reported: string[] = [];
    bob.window.addEventListener('error', ({ message }) => reported.push(message));
    const onMessagesReceived = (): void => {
      throw new Error('the app’s own error');
    };
    bob.manager.removeEventHandler('UNIQUE_HANDLER_ID');
    bob.manager.addEventHandler('first', { onMessagesReceived });
    const later: string[] = [];
    bob.manager.addEventHandler('second', { onMessagesReceived: (messages) => later.push(...messages.map(({ msgId }) => msgId)) });
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    await expect.poll(() => later, { timeout: await stretched(15_000) }).toEqual([msgId]);
    await expect.poll(() => reported, { timeout: await stretched(15_000) }).toEqual([expect.stringContaining('the app’s own error')]);
  });

  it('all counts become 0 together, and the senders learn nothing', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const { msgId } = await alice.manager.sendMessage(alice.text('bob', 'hello'));
    await received(bob, msgId);
    await bob.manager.markAllConversationsAsRead();
    expect(await bob.manager.getUnreadMessageCount()).toBe(0);
    const answer = await bob.manager.sendMessage(bob.text('alice', 'done'));
    await received(alice, answer.msgId);
    expect([...told(alice, 'onMessagesRead'), ...told(alice, 'onConversationRead')]).toEqual([]);
  });

  it('a conversation receipt in a group clears the count and tells no member', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const group = alice.text('crew', 'all hands');
    group.chatType = 'GroupChat';
    await alice.manager.sendMessage(group);
    await received(bob, group.msgId);
    await bob.manager.sendConversationReadAck('crew');
    expect(await bob.manager.getUnreadMessageCount()).toBe(0);
    const answer = await bob.manager.sendMessage(bob.text('alice', 'done'));
    await received(alice, answer.msgId);
    expect(told(alice, 'onConversationRead')).toEqual([]);
  });
});
