/** What an app that was written for Tencent Chat could stumble over, and the samples that an app calls without a connection. */
import { describe, expect, it } from 'vitest';
import TencentCloudChat, { type Message } from '../../src/compat/tencent/tencent.ts';
import { stretched } from './backend.ts';
import { tencentPhones } from './tencent-phones.ts';

const { EVENT, TYPES } = TencentCloudChat;

describe('the traps of Tencent Chat', () => {
  const { start, login, live, told, eventually, received, say, unread, cut, heal } = tencentPhones();

  it('a receipt for one of two messages of the same second leaves the other alone', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    let [first, second] = [await say(alice, 'bob', '1'), await say(alice, 'bob', '2')];
    // A second may end between the two messages.
    while (first.time !== second.time) [first, second] = [second, await say(alice, 'bob', 'again')];
    await received(bob, second.ID);
    await bob.chat.sendMessageReadReceipt([await received(bob, first.ID)]);
    await eventually(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED, [{ userID: 'bob', messageID: first.ID, isPeerRead: true }]);
    const answer = await say(bob, 'alice', 'done');
    await received(alice, answer.ID);
    expect([first, second]).toMatchObject([{ readReceiptInfo: { isPeerRead: true } }, { readReceiptInfo: { isPeerRead: false } }]);
  });

  it('calls in flight reject with 2024 when the user logs out, and the next log-in goes on', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const { chat } = alice;
    const message = chat.createTextMessage({ to: 'bob', conversationType: TYPES.CONV_C2C, payload: { text: 'Hello' } });
    const calls = [
      chat.sendMessage(message),
      chat.getMessageList({ conversationID: 'C2Cbob' }),
      chat.setMessageRead({ conversationID: 'C2Cbob' }),
    ];
    await chat.logout();
    for (const call of await Promise.allSettled(calls)) if (call.status === 'rejected') expect(call.reason).toMatchObject({ code: 2024 });
    await expect(calls[0]).rejects.toMatchObject({ code: 2024 });
    await chat.login({ userID: 'alice', userSig: 'token-of-alice' });
    const sent = await say(alice, 'bob', 'again');
    await received(bob, sent.ID);
  });

  it('a user id that the server could not have rejects the log-in', async () => {
    await start();
    const { chat } = await live('alice');
    await chat.logout();
    await expect(chat.login({ userID: 'x'.repeat(200), userSig: 'token' })).rejects.toMatchObject({ code: 2999 });
    await expect(chat.login({ userID: 'alice', userSig: 'token-of-alice' })).resolves.toMatchObject({ code: 0 });
  });

  it('a handler that throws is reported, and the other handlers hear the event', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const reported: string[] = [];
    bob.window.addEventListener('error', ({ message }) => reported.push(message));
    bob.chat.on(EVENT.MESSAGE_RECEIVED, () => {
      throw new Error('the app’s own error');
    });
    const later: string[] = [];
    bob.chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => later.push(...data.map(({ ID }) => ID)));
    const { ID } = await say(alice, 'bob', 'Hello');
    await expect.poll(() => later, { timeout: await stretched(15_000) }).toEqual([ID]);
    await expect.poll(() => reported, { timeout: await stretched(15_000) }).toEqual([expect.stringContaining('the app’s own error')]);
  });

  it('one call sends the receipts of more than 30 messages, and of several conversations', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent: Message[] = [];
    for (let i = 0; i < 31; i++) sent.push(await say(alice, 'bob', `${i}`));
    sent.push(await say(alice, 'crew', 'all hands', true, TYPES.CONV_GROUP));
    const got: Message[] = [];
    for (const { ID } of sent) got.push(await received(bob, ID));
    await bob.chat.sendMessageReadReceipt(got);
    await expect
      .poll(() => sent.filter(({ readReceiptInfo: { isPeerRead, readCount } }) => isPeerRead || readCount === 1).length, {
        timeout: await stretched(15_000),
      })
      .toBe(32);
    const ids = told(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED).flatMap((data) => data.map(({ messageID }) => messageID));
    expect([...ids].sort()).toEqual(sent.map(({ ID }) => ID).sort());
    expect(bob.chat.getTotalUnreadMessageCount()).toBe(32);
  });

  it('setAllMessageRead takes only the conversations of its scope, and tells no sender', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const direct = await say(alice, 'bob', 'direct');
    await say(alice, 'crew', 'all hands', true, TYPES.CONV_GROUP);
    await unread(bob, 2);
    await bob.chat.setAllMessageRead({ scope: TYPES.READ_ALL_C2C_MSG });
    await unread(bob, 1);
    const answer = await say(bob, 'alice', 'done');
    await received(alice, answer.ID);
    expect(direct).toMatchObject({ isPeerRead: false, readReceiptInfo: { isPeerRead: false } });
    expect(told(alice, EVENT.MESSAGE_READ_BY_PEER)).toEqual([]);
  });

  it('group messages that were sent offline ask for receipts after a reload, and offline questions answer as far as this device knows', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const own = await say(bob, 'crew', 'who is there?', true, TYPES.CONV_GROUP);
    await received(alice, own.ID);
    await alice.chat.sendMessageReadReceipt([alice.chat.findMessage(own.ID)!]);
    await expect.poll(() => own.readReceiptInfo.readCount, { timeout: await stretched(15_000) }).toBe(1);
    await cut();
    await expect.poll(() => told(bob, EVENT.NET_STATE_CHANGE).at(-1)?.state, { timeout: await stretched(15_000) }).not.toBe('connected');
    const offline = await say(bob, 'crew', 'from the tunnel', true, TYPES.CONV_GROUP);
    const { data } = await bob.chat.getMessageReadReceiptList([own]);
    expect(data.messageList[0]).toBe(own);
    expect(own.readReceiptInfo).toMatchObject({ readCount: 1, unreadCount: 1 });
    bob.reload();

    bob = await login('bob');
    await eventually(bob, EVENT.SDK_READY, undefined);
    const { messageList } = (await bob.chat.getMessageList({ conversationID: 'GROUPcrew' })).data;
    expect(messageList).toMatchObject([
      { ID: own.ID, readReceiptInfo: { readCount: 1, unreadCount: 1 } },
      { ID: offline.ID, status: 'unSend', needReadReceipt: true },
    ]);
    await heal();
    await alice.chat.sendMessageReadReceipt([await received(alice, offline.ID)]);
    await expect
      .poll(() => messageList[1], { timeout: await stretched(15_000) })
      .toMatchObject({
        status: 'success',
        readReceiptInfo: { readCount: 1, unreadCount: 1 },
      });
    await expect(
      bob.chat.getGroupMessageReadMemberList({ message: messageList[1]!, cursor: '', filter: 0, count: 30 }),
    ).resolves.toMatchObject({ data: { readUserIDList: ['alice'] } });
  });
});
