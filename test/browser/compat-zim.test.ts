/** The receipt samples of the vendor's documentation, in the vendor's names, against the real server. */
import { describe, expect, it } from 'vitest';
import type { ZIMMessage } from '../../src/compat/zim/zim.ts';
import { stretched } from './backend.ts';
import { GROUP, PEER, ROOM, SEND, zimPhones } from './zim-phones.ts';

describe('the receipt samples of ZIM', () => {
  const { start, login, live, told, eventually, received, say, unread, cut, heal, url } = zimPhones();

  it('a message receipt makes one message done, a conversation receipt all that were received, and neither changes the count', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const [first, second] = [await say(alice, 'bob', '1'), await say(alice, 'bob', '2')];
    expect(first).toMatchObject({ sentStatus: 1, receiptStatus: 1, direction: 0, conversationID: 'bob' });
    await received(bob, second.messageID!);
    const messages = told(bob, 'peerMessageReceived').flatMap(({ messageList }) => messageList);
    expect(messages.filter(({ receiptStatus }) => receiptStatus === 1)).toHaveLength(2);

    expect(await bob.zim.sendMessageReceiptsRead([await received(bob, first.messageID!)], 'alice', PEER)).toEqual({
      conversationID: 'alice',
      conversationType: PEER,
      errorMessageIDs: [],
    });
    await eventually(alice, 'messageReceiptChanged', {
      infos: [expect.objectContaining({ messageID: first.messageID, status: 2, conversationID: 'bob', isSelfOperated: false })],
    });
    await bob.zim.sendConversationMessageReceiptRead('alice', PEER);
    await eventually(alice, 'conversationMessageReceiptChanged', {
      infos: [expect.objectContaining({ conversationID: 'bob', conversationType: PEER, isSelfOperated: false })],
    });
    expect(await unread(bob)).toBe(2);
    const { infos } = await alice.zim.queryMessageReceiptsInfo([first, second], 'bob', PEER);
    expect(infos).toMatchObject([{ status: 2 }, { status: 2 }]);
    const third = await say(alice, 'bob', '3');
    expect((await alice.zim.queryMessageReceiptsInfo([third], 'bob', PEER)).infos).toMatchObject([{ status: 1 }]);

    await received(bob, third.messageID!);
    await bob.zim.clearConversationUnreadMessageCount('alice', PEER);
    expect(await unread(bob)).toBe(0);
    // The caller hears nothing of its own receipts.
    expect(told(bob, 'messageReceiptChanged')).toEqual([]);
  });

  it('messages that want no receipt come back by id, and a call without any other message is refused', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const plain = await say(alice, 'bob', 'plain', { priority: 1, hasReceipt: false });
    const asking = await say(alice, 'bob', 'asking');
    const [one, two] = [await received(bob, plain.messageID!), await received(bob, asking.messageID!)];
    await expect(bob.zim.sendMessageReceiptsRead([one, two], 'alice', PEER)).resolves.toMatchObject({ errorMessageIDs: [plain.messageID] });
    await expect(bob.zim.sendMessageReceiptsRead([one], 'alice', PEER)).rejects.toMatchObject({ code: 6_000_001 });
    await expect(bob.zim.sendMessageReceiptsRead([two], 'alice', PEER)).rejects.toMatchObject({ code: 6_000_001 });
    await expect(bob.zim.sendMessageReceiptsRead([], 'alice', PEER)).rejects.toMatchObject({ code: 6_000_001 });
    await expect(
      bob.zim.sendMessageReceiptsRead(
        Array.from({ length: 11 }, () => two),
        'alice',
        PEER,
      ),
    ).rejects.toMatchObject({
      code: 6_000_282,
    });
  });

  it('a group message is done when every member has read it, and the members can be listed page by page', async () => {
    await start();
    const [alice, bob, carol] = await Promise.all([live('alice'), live('bob'), live('carol')]);
    const { message } = await alice.zim.sendMessage({ type: 1, message: 'all hands' }, 'crew', GROUP, SEND);
    const [forBob, forCarol] = await Promise.all([bob, carol].map((phone) => received(phone, message.messageID!, 'groupMessageReceived')));
    await bob.zim.sendMessageReceiptsRead([forBob!], 'crew', GROUP);
    await eventually(alice, 'messageReceiptChanged', {
      infos: [expect.objectContaining({ messageID: message.messageID, status: 1, readMemberCount: 1, unreadMemberCount: 1 })],
    });
    const unreadPage = await alice.zim.queryGroupMessageReceiptUnreadMemberList(message, 'crew', { nextFlag: 0, count: 10 });
    expect(unreadPage).toMatchObject({ groupID: 'crew', userList: [{ userID: 'carol' }], nextFlag: 0 });
    await carol.zim.sendMessageReceiptsRead([forCarol!], 'crew', GROUP);
    await eventually(alice, 'messageReceiptChanged', {
      infos: [expect.objectContaining({ messageID: message.messageID, status: 2, readMemberCount: 2, unreadMemberCount: 0 })],
    });
    const first = await alice.zim.queryGroupMessageReceiptReadMemberList(message, 'crew', { nextFlag: 0, count: 1 });
    expect(first).toMatchObject({ userList: [{ userID: 'bob' }], nextFlag: expect.any(Number) as number });
    expect(first.nextFlag).not.toBe(0);
    const second = await alice.zim.queryGroupMessageReceiptReadMemberList(message, 'crew', { nextFlag: first.nextFlag, count: 10 });
    expect(second).toMatchObject({ userList: [{ userID: 'carol' }], nextFlag: 0 });
    // Another member's question about the message is refused, and a page of no members is empty.
    await expect(bob.zim.queryGroupMessageReceiptReadMemberList(forBob!, 'crew', { nextFlag: 0, count: 10 })).rejects.toMatchObject({
      code: 6_000_001,
    });
    await expect(alice.zim.queryGroupMessageReceiptReadMemberList(message, 'crew', { nextFlag: 0, count: 0 })).resolves.toMatchObject({
      userList: [],
    });
    // The counts of another user's message are 0.
    expect((await bob.zim.queryMessageReceiptsInfo([forBob!], 'crew', GROUP)).infos).toMatchObject([
      { readMemberCount: 0, unreadMemberCount: 0 },
    ]);
  });

  it('another page of the same user has the same count', async () => {
    await start();
    const [alice, phone] = await Promise.all([live('alice'), live('bob')]);
    const sent = await say(alice, 'bob', 'hello');
    await received(phone, sent.messageID!);
    await phone.zim.clearConversationUnreadMessageCount('alice', PEER);
    const tablet = await login('bob');
    await expect.poll(() => unread(tablet), { timeout: await stretched(5000) }).toBe(0);
  });

  it('receipts and clears that were made offline arrive after a reload', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const [first, second] = [await say(alice, 'bob', '1'), await say(alice, 'bob', '2')];
    const message = await received(bob, first.messageID!);
    await received(bob, second.messageID!);
    await cut();
    await eventually(bob, 'connectionStateChanged', { state: 3 });
    await bob.zim.sendMessageReceiptsRead([message], 'alice', PEER);
    await bob.zim.sendConversationMessageReceiptRead('alice', PEER);
    await bob.zim.clearConversationUnreadMessageCount('alice', PEER);
    const offline = await say(bob, 'alice', 'from the tunnel');
    expect(offline.sentStatus).toBe(0);
    bob.reload();

    bob = await login('bob');
    expect(await unread(bob)).toBe(0);
    await heal();
    await received(alice, offline.messageID!);
    await eventually(alice, 'messageReceiptChanged', { infos: [expect.objectContaining({ messageID: first.messageID, status: 2 })] });
    await eventually(alice, 'conversationMessageReceiptChanged', { infos: [expect.objectContaining({ conversationID: 'bob' })] });
    expect(told(alice, 'conversationMessageReceiptChanged')).toHaveLength(1);
    expect(await unread(bob)).toBe(0);
  });

  it('bad calls have the vendor’s codes', async () => {
    await start();
    const { zim, sdk } = await live('alice');
    expect(sdk.ZIM.create({ appID: 1 }, { url: url() })).toBeNull();
    expect(sdk.ZIM.getInstance()).toBe(zim);
    await expect(zim.sendConversationMessageReceiptRead('crew', GROUP)).rejects.toMatchObject({ code: 6_000_001 });
    await expect(zim.clearConversationUnreadMessageCount('room', ROOM)).rejects.toMatchObject({ code: 6_000_001 });
    await expect(zim.clearConversationUnreadMessageCount('nobody', PEER)).rejects.toMatchObject({ code: 6_000_603 });
    await expect(zim.sendMessage({ type: 1, message: 'x' }, 'room', ROOM, SEND)).rejects.toMatchObject({ code: 6_000_013 });
    zim.logout();
    await expect(zim.clearConversationTotalUnreadMessageCount()).rejects.toMatchObject({ code: 6_000_121 });
  });

  it('a later listener of a type replaces the first', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const later: ZIMMessage[] = [];
    bob.zim.on('peerMessageReceived', (_zim, { messageList }) => later.push(...messageList));
    const { messageID } = await say(alice, 'bob', 'hello');
    await expect.poll(() => later, { timeout: await stretched(15_000) }).toMatchObject([{ messageID }]);
    expect(told(bob, 'peerMessageReceived')).toEqual([]);
  });

  it('a recalled message is told', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent = await say(alice, 'bob', 'oops');
    await received(bob, sent.messageID!);
    await alice.zim.revokeMessage(sent);
    await eventually(bob, 'messageRevokeReceived', { messageList: [expect.objectContaining({ messageID: sent.messageID })] });
    expect(await unread(bob)).toBe(0);
  });

  it('a token that is over at the log-in is told, and the connection goes on with the renewed token', async () => {
    await start();
    const alice = await login('alice', `token-of-alice until ${Date.now() - 1000}`);
    await eventually(alice, 'tokenWillExpire', {});
    await alice.zim.renewToken('token-of-alice');
    await eventually(alice, 'connectionStateChanged', { state: 2 });
    expect(told(alice, 'tokenWillExpire')).toHaveLength(1);
    await cut();
    await eventually(alice, 'connectionStateChanged', { state: 3 });
    await heal();
    await expect
      .poll(() => told(alice, 'connectionStateChanged').filter(({ state }) => state === 2), { timeout: await stretched(15_000) })
      .toHaveLength(2);
  });
});
