/** The receipt samples of the vendor's documentation, in the vendor's names, against the real server. */
import { describe, expect, it } from 'vitest';
import TencentCloudChat from '../../src/compat/tencent/tencent.ts';
import { stretched } from './backend.ts';
import { tencentPhones } from './tencent-phones.ts';

const { EVENT, TYPES } = TencentCloudChat;

describe('the receipt samples of Tencent Chat', () => {
  const { start, login, live, told, eventually, received, say, unread, cut, heal } = tencentPhones();

  it('a receipt for the list of a direct chat changes the sender’s message before the event, and no count', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent = await say(alice, 'bob', 'Hello');
    expect(sent).toMatchObject({ status: 'success', flow: 'out', conversationID: 'C2Cbob', isPeerRead: false, sequence: 1 });
    await received(bob, sent.ID);
    const mine = await say(bob, 'alice', 'mine');
    const plain = await say(alice, 'bob', 'no receipt', false);
    await received(bob, plain.ID);
    await unread(bob, 2);

    // The whole list, as in the sample: with an own message, and one that wants no receipt.
    const { messageList } = (await bob.chat.getMessageList({ conversationID: 'C2Calice' })).data;
    expect(messageList.map(({ ID }) => ID)).toEqual([sent.ID, mine.ID, plain.ID]);
    expect(messageList[0]).toBe(await received(bob, sent.ID));
    await expect(bob.chat.sendMessageReadReceipt(messageList)).resolves.toMatchObject({ code: 0 });
    await eventually(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED, [{ userID: 'bob', messageID: sent.ID, isPeerRead: true }]);
    expect(alice.atEvent).toEqual([expect.objectContaining({ messageID: sent.ID, isPeerRead: true })]);
    expect(alice.chat.findMessage(sent.ID)).toBe(sent);
    // The two flags are two facts: the receipt leaves the first alone.
    expect(sent).toMatchObject({ isPeerRead: false, readReceiptInfo: { isPeerRead: true } });
    expect(told(alice, EVENT.MESSAGE_READ_BY_PEER)).toEqual([]);
    expect(bob.chat.getTotalUnreadMessageCount()).toBe(2);
    await expect(bob.chat.sendMessageReadReceipt(messageList)).resolves.toMatchObject({ code: 0 });

    await bob.chat.setMessageRead({ conversationID: 'C2Calice' });
    await unread(bob, 0);
    await eventually(alice, EVENT.MESSAGE_READ_BY_PEER, expect.arrayContaining([sent]));
    expect(sent.isPeerRead).toBe(true);
    expect(alice.chat.findMessage(plain.ID)).toMatchObject({ isPeerRead: true, readReceiptInfo: { isPeerRead: undefined } });
    await expect
      .poll(async () => (await alice.chat.getConversationList()).data.conversationList, { timeout: await stretched(15_000) })
      .toMatchObject([{ conversationID: 'C2Cbob', lastMessage: { isPeerRead: true, messageForShow: 'no receipt' } }]);
  });

  it('setMessageRead leaves the receipts of the messages alone', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent = await say(alice, 'bob', 'Hello');
    await received(bob, sent.ID);
    await bob.chat.setMessageRead({ conversationID: 'C2Calice' });
    await eventually(alice, EVENT.MESSAGE_READ_BY_PEER, [sent]);
    expect(sent).toMatchObject({ isPeerRead: true, readReceiptInfo: { isPeerRead: false } });
    expect(told(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED)).toEqual([]);
  });

  it('a group message counts its readers, and names them page by page', async () => {
    await start();
    const [alice, bob, carol] = await Promise.all([live('alice'), live('bob'), live('carol')]);
    const sent = await say(alice, 'crew', 'all hands', true, TYPES.CONV_GROUP);
    for (const phone of [bob, carol]) await received(phone, sent.ID);
    await bob.chat.sendMessageReadReceipt((await bob.chat.getMessageList({ conversationID: 'GROUPcrew' })).data.messageList);
    await eventually(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED, [{ groupID: 'crew', messageID: sent.ID, readCount: 1, unreadCount: 1 }]);
    expect(alice.atEvent).toEqual([expect.objectContaining({ messageID: sent.ID, readCount: 1, unreadCount: 1 })]);
    const members = { message: sent, cursor: '', count: 30 };
    await expect(alice.chat.getGroupMessageReadMemberList({ ...members, filter: 0 })).resolves.toMatchObject({
      data: { messageID: sent.ID, isCompleted: true, readUserIDList: ['bob'], unreadUserIDList: [] },
    });
    await expect(alice.chat.getGroupMessageReadMemberList({ ...members, filter: 1, count: 1000 })).resolves.toMatchObject({
      data: { readUserIDList: [], unreadUserIDList: ['carol'] },
    });
    await carol.chat.sendMessageReadReceipt([carol.chat.findMessage(sent.ID)!]);
    await expect.poll(() => sent.readReceiptInfo, { timeout: await stretched(15_000) }).toMatchObject({ readCount: 2, unreadCount: 0 });
    const first = await alice.chat.getGroupMessageReadMemberList({ ...members, filter: 0, count: 1 });
    expect(first.data).toMatchObject({ isCompleted: false, readUserIDList: [expect.any(String)] });
    const second = await alice.chat.getGroupMessageReadMemberList({ ...members, filter: 0, count: 1, cursor: first.data.cursor });
    expect([...first.data.readUserIDList, ...second.data.readUserIDList].sort()).toEqual(['bob', 'carol']);
    const { data } = await alice.chat.getMessageReadReceiptList([sent]);
    expect(data.messageList[0]).toBe(sent);
    await expect(bob.chat.getGroupMessageReadMemberList({ ...members, filter: 0 })).rejects.toMatchObject({ code: 10_062 });
    // Reading the group tells nobody, and clears the count.
    await bob.chat.setMessageRead({ conversationID: 'GROUPcrew' });
    await unread(bob, 0);
    expect(told(alice, EVENT.MESSAGE_READ_BY_PEER)).toEqual([]);
  });

  it('messages come in pages of 15', async () => {
    await start();
    const alice = await live('alice');
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await say(alice, 'bob', `${i}`)).ID);
    const first = (await alice.chat.getMessageList({ conversationID: 'C2Cbob' })).data;
    expect(first.messageList.map(({ ID }) => ID)).toEqual(ids.slice(5));
    expect(first).toMatchObject({ isCompleted: false, nextReqMessageID: ids[5] });
    const next = { conversationID: 'C2Cbob', nextReqMessageID: first.nextReqMessageID };
    const second = (await alice.chat.getMessageList(next)).data;
    expect(second.messageList.map(({ ID }) => ID)).toEqual(ids.slice(0, 5));
    expect(second).toMatchObject({ isCompleted: true, nextReqMessageID: '' });
  });

  it('receipts, reads and messages that were made offline arrive after a reload', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const sent = await say(alice, 'bob', 'Hello');
    const group = await say(alice, 'crew', 'all hands', true, TYPES.CONV_GROUP);
    await received(bob, sent.ID);
    await received(bob, group.ID);
    await cut();
    await expect.poll(() => told(bob, EVENT.NET_STATE_CHANGE).at(-1)?.state, { timeout: await stretched(15_000) }).not.toBe('connected');
    const { messageList } = (await bob.chat.getMessageList({ conversationID: 'C2Calice' })).data;
    await bob.chat.sendMessageReadReceipt(messageList);
    await bob.chat.sendMessageReadReceipt((await bob.chat.getMessageList({ conversationID: 'GROUPcrew' })).data.messageList);
    await bob.chat.setMessageRead({ conversationID: 'C2Calice' });
    await bob.chat.setAllMessageRead({ scope: TYPES.READ_ALL_GROUP_MSG });
    const offline = await say(bob, 'alice', 'from the tunnel');
    expect(offline.status).toBe('unSend');
    bob.reload();

    bob = await login('bob');
    await eventually(bob, EVENT.SDK_READY, undefined);
    expect(bob.chat.getTotalUnreadMessageCount()).toBe(0);
    const page = (await bob.chat.getMessageList({ conversationID: 'C2Calice' })).data.messageList;
    expect(page.at(-1)).toMatchObject({ ID: offline.ID, status: 'unSend', payload: { text: 'from the tunnel' } });
    await heal();
    await received(alice, offline.ID);
    await eventually(alice, EVENT.MESSAGE_READ_BY_PEER, expect.arrayContaining([sent]));
    await expect
      .poll(() => [sent, group], { timeout: await stretched(15_000) })
      .toMatchObject([{ isPeerRead: true, readReceiptInfo: { isPeerRead: true } }, { readReceiptInfo: { readCount: 1, unreadCount: 1 } }]);
    expect(
      told(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED)
        .flat()
        .filter(({ messageID }) => messageID === sent.ID),
    ).toHaveLength(1);
    await expect.poll(() => page.at(-1)?.status, { timeout: await stretched(15_000) }).toBe('success');
    expect(bob.chat.getTotalUnreadMessageCount()).toBe(0);
  });

  it('receipts that came while the sender’s page was closed are told after the log-in', async () => {
    await start();
    let alice = await live('alice');
    const bob = await live('bob');
    const sent = await say(alice, 'bob', 'Hello');
    await received(bob, sent.ID);
    alice.reload();
    await bob.chat.sendMessageReadReceipt([bob.chat.findMessage(sent.ID)!]);
    alice = await live('alice');
    await eventually(alice, EVENT.MESSAGE_READ_RECEIPT_RECEIVED, [{ userID: 'bob', messageID: sent.ID, isPeerRead: true }]);
    expect(alice.atEvent).toEqual([expect.objectContaining({ messageID: sent.ID, isPeerRead: true })]);
  });

  it('two pages of a user have the same counts, and a recalled message is told', async () => {
    await start();
    const [alice, phone, tablet] = await Promise.all([live('alice'), live('bob'), live('bob')]);
    const sent = await say(alice, 'bob', 'oops');
    for (const page of [phone, tablet]) await unread(page, 1);
    await tablet.chat.setMessageRead({ conversationID: 'C2Calice' });
    for (const page of [phone, tablet]) await unread(page, 0);
    await eventually(phone, EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, 0);
    await alice.chat.revokeMessage(sent);
    await expect
      .poll(() => [phone, tablet].flatMap((page) => told(page, EVENT.MESSAGE_REVOKED)), { timeout: await stretched(15_000) })
      .toContainEqual([expect.objectContaining({ ID: sent.ID, isRevoked: true })]);
  });

  it('bad calls have the vendor’s codes: wrong types throw at once, refusals reject', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const { chat } = bob;
    const plain = await say(alice, 'bob', 'no receipt', false);
    const mine = await say(bob, 'alice', 'mine');
    await expect(chat.sendMessageReadReceipt([await received(bob, plain.ID), mine])).rejects.toMatchObject({ code: 2114 });
    expect(() => chat.sendMessageReadReceipt([])).toThrow('Params validate failed.');
    expect(() => chat.sendMessageReadReceipt({} as never)).toThrow('Params validate failed.');
    expect(() => chat.getMessageList({} as never)).toThrow('Params validate failed.');
    expect(() => chat.setMessageRead({ conversationID: '' })).toThrow('Params validate failed.');
    await expect(chat.setMessageRead({ conversationID: '@TIM#SYSTEM' })).rejects.toMatchObject({ code: 2998 });
    await expect(chat.setMessageRead({ conversationID: 'GROUPx@TOPIC#y' })).rejects.toMatchObject({ code: 2998 });
    await expect(chat.sendMessage(mine, { onlineUserOnly: true })).rejects.toMatchObject({ code: 2998 });
    await chat.setAllMessageRead();
    await expect(chat.setAllMessageRead()).rejects.toMatchObject({ code: 2996 });
    const [members, list] = [{ message: mine, cursor: '', filter: 0, count: 10 }, ['C2Calice', 'GROUPnone']];
    await expect(chat.getGroupMessageReadMemberList(members)).rejects.toMatchObject({ code: 10_062 });
    expect((await chat.getConversationList(list)).data.conversationList).toMatchObject([{ conversationID: 'C2Calice' }]);
    await expect(chat.login({ userID: 'bob', userSig: 'token-of-bob' })).resolves.toMatchObject({ data: { repeatLogin: true } });
    await expect(chat.login({ userID: 'carol', userSig: 'token-of-carol' })).rejects.toMatchObject({ code: 2025 });
    // An offline question to the server.
    const group = await say(alice, 'crew', 'all hands', true, TYPES.CONV_GROUP);
    await cut();
    await expect.poll(() => told(alice, EVENT.NET_STATE_CHANGE).at(-1)?.state, { timeout: await stretched(15_000) }).not.toBe('connected');
    await expect(alice.chat.getGroupMessageReadMemberList({ ...members, message: group })).rejects.toMatchObject({
      code: expect.toBeOneOf([2800, 2805]) as number,
    });
    chat.off(EVENT.SDK_NOT_READY, bob.hear);
    await chat.logout();
    expect(told(bob, EVENT.SDK_NOT_READY)).toEqual([]);
    await expect(chat.logout()).rejects.toMatchObject({ code: 2024 });
    await expect(chat.sendMessageReadReceipt({} as never)).rejects.toMatchObject({ code: 2024 });
  });

  it('a group that has no receipts refuses the message with 10059', async () => {
    await start({ groups: false });
    const alice = await live('alice');
    const message = alice.chat.createTextMessage({
      to: 'crew',
      conversationType: TYPES.CONV_GROUP,
      payload: { text: 'x' },
      needReadReceipt: true,
    });
    await expect(alice.chat.sendMessage(message)).rejects.toMatchObject({ code: 10_059 });
    expect(message.status).toBe('fail');
  });

  it('a token that ends kicks the user out, and the next log-in goes on', async () => {
    await start();
    const bob = await login('bob', `token-of-bob until ${Date.now() + 1000}`);
    await eventually(bob, EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_USERSIG_EXPIRED });
    await bob.chat.login({ userID: 'bob', userSig: 'token-of-bob' });
    const alice = await live('alice');
    const sent = await say(alice, 'bob', 'Hello');
    await received(bob, sent.ID);
  });
});
