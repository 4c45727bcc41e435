/** What an app that was written for ZIM could stumble over, and the samples that an app calls without a connection. */
import { describe, expect, it } from 'vitest';
import { stretched } from './backend.ts';
import { GROUP, PEER, SEND, zimPhones } from './zim-phones.ts';

describe('the traps of ZIM', () => {
  const { start, login, live, told, eventually, received, say, unread, cut, heal } = zimPhones();

  it('a message that a conversation receipt covers wants no message receipt any more, and a later message does', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const first = await say(alice, 'bob', '1');
    const covered = await received(bob, first.messageID!);
    await bob.zim.sendConversationMessageReceiptRead('alice', PEER);
    await eventually(alice, 'conversationMessageReceiptChanged', { infos: [expect.objectContaining({ conversationID: 'bob' })] });
    expect((await bob.zim.queryMessageReceiptsInfo([covered], 'alice', PEER)).infos).toMatchObject([{ status: 2 }]);
    await expect(bob.zim.sendMessageReceiptsRead([covered], 'alice', PEER)).rejects.toMatchObject({ code: 6_000_001 });
    const second = await say(alice, 'bob', '2');
    const later = await received(bob, second.messageID!);
    expect((await alice.zim.queryMessageReceiptsInfo([second], 'bob', PEER)).infos).toMatchObject([{ status: 1 }]);
    await expect(bob.zim.sendMessageReceiptsRead([covered, later], 'alice', PEER)).resolves.toMatchObject({
      errorMessageIDs: [first.messageID],
    });
    await eventually(alice, 'messageReceiptChanged', { infos: [expect.objectContaining({ messageID: second.messageID, status: 2 })] });
    const ids = told(alice, 'messageReceiptChanged').flatMap(({ infos }) => infos.map(({ messageID }) => messageID));
    expect(ids).toEqual([second.messageID]);
    await bob.zim.sendConversationMessageReceiptRead('alice', PEER);
    await bob.zim.sendConversationMessageReceiptRead('alice', PEER);
  });

  it('the end of a log-in is told, and the next log-in begins anew', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    await expect(bob.zim.login('bob', { token: 'token-of-bob' })).resolves.toBeUndefined();
    await expect(bob.zim.login('carol', { token: 'token-of-carol' })).rejects.toMatchObject({ code: 6_000_111 });
    bob.zim.logout();
    expect(told(bob, 'connectionStateChanged').at(-1)).toEqual({ state: 0, event: 0, extendedData: '' });
    bob.zim.logout();
    bob.heard.length = 0;
    await bob.zim.login('bob', { token: 'token-of-bob' });
    await eventually(bob, 'connectionStateChanged', { state: 2 });
    expect(told(bob, 'connectionStateChanged')[0]).toMatchObject({ state: 1 });
    const sent = await say(alice, 'bob', 'again');
    await received(bob, sent.messageID!);
  });

  it('after a token of another user, a log-in with the right token connects', async () => {
    await start();
    const alice = await login('alice', 'token-of-bob');
    await eventually(alice, 'connectionStateChanged', { state: 0, event: 5 });
    await alice.zim.login('alice', { token: 'token-of-alice' });
    await eventually(alice, 'connectionStateChanged', { state: 2 });
  });

  it('a call in flight and a question in flight reject with 6000121 when the user logs out', async () => {
    await start();
    const { zim } = await live('alice');
    const calls = [
      zim.sendMessage({ type: 1, message: 'x' }, 'bob', PEER, SEND),
      zim.queryConversationList({ count: 10 }),
      zim.queryConversationTotalUnreadMessageCount({ conversationTypes: [], marks: [] }),
      zim.queryHistoryMessage('bob', PEER, { count: 10 }),
    ];
    zim.logout();
    for (const call of await Promise.allSettled(calls))
      if (call.status === 'rejected') expect(call.reason).toMatchObject({ code: 6_000_121 });
    await expect(calls[0]).rejects.toMatchObject({ code: 6_000_121 });
  });

  it('a listener that throws is reported, and the later events come', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const reported: string[] = [];
    bob.window.addEventListener('error', ({ message }) => reported.push(message));
    bob.zim.on('conversationChanged', () => {
      throw new Error('the app’s own error');
    });
    const { messageID } = await say(alice, 'bob', 'hello');
    await received(bob, messageID!);
    await expect.poll(() => reported, { timeout: await stretched(15_000) }).toContainEqual(expect.stringContaining('the app’s own error'));
  });

  it('receipts are listed for messages of the conversation that want receipts, and bad arguments are refused', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const asking = await say(alice, 'bob', 'asking');
    const plain = await say(alice, 'bob', 'plain', { priority: 1, hasReceipt: false });
    const both = await alice.zim.queryMessageReceiptsInfo([asking, plain], 'bob', PEER);
    expect(both).toMatchObject({ infos: [{ messageID: asking.messageID }], errorMessageIDs: [plain.messageID] });
    await received(bob, asking.messageID!);
    const refused = [
      alice.zim.queryMessageReceiptsInfo([plain], 'bob', PEER),
      alice.zim.queryMessageReceiptsInfo([], 'bob', PEER),
      alice.zim.queryMessageReceiptsInfo([asking], 'carol', PEER),
      alice.zim.queryMessageReceiptsInfo(undefined as never, 'bob', PEER),
      alice.zim.sendMessageReceiptsRead([asking], 'bob', 3),
      alice.zim.sendMessage({ type: 1, message: ' ' }, 'bob', PEER, SEND),
      alice.zim.sendMessage(undefined as never, 'bob', PEER, SEND),
      alice.zim.sendMessage({ type: 1, message: 'x' }, 'bob', PEER, undefined as never),
      alice.zim.sendMessage({ type: 1, message: 'x' }, '', PEER, SEND),
      alice.zim.revokeMessage(undefined as never),
      alice.zim.clearConversationUnreadMessageCount('bob', 3),
    ];
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: 6_000_001 });
  });

  it('a clear sends no receipt', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const sent = await say(alice, 'bob', 'hello');
    await received(bob, sent.messageID!);
    await bob.zim.clearConversationUnreadMessageCount('alice', PEER);
    await bob.zim.clearConversationTotalUnreadMessageCount();
    const answer = await say(bob, 'alice', 'done');
    await received(alice, answer.messageID!);
    expect((await alice.zim.queryMessageReceiptsInfo([sent], 'bob', PEER)).infos).toMatchObject([
      { status: 1, readMemberCount: 0, unreadMemberCount: 1 },
    ]);
    expect([...told(alice, 'messageReceiptChanged'), ...told(alice, 'conversationMessageReceiptChanged')]).toEqual([]);
  });

  it('members are listed for own group messages with receipts only, and in their own group', async () => {
    await start();
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const direct = await say(alice, 'bob', 'direct');
    const { message: plain } = await alice.zim.sendMessage({ type: 1, message: 'plain' }, 'crew', GROUP, { priority: 1 });
    const { message: asking } = await alice.zim.sendMessage({ type: 1, message: 'asking' }, 'crew', GROUP, SEND);
    const bobs = await received(bob, asking.messageID!, 'groupMessageReceived');
    const refused = [
      alice.zim.queryGroupMessageReceiptUnreadMemberList(direct, 'crew', { nextFlag: 0, count: 10 }),
      alice.zim.queryGroupMessageReceiptUnreadMemberList(plain, 'crew', { nextFlag: 0, count: 10 }),
      alice.zim.queryGroupMessageReceiptUnreadMemberList(asking, 'another', { nextFlag: 0, count: 10 }),
      alice.zim.queryGroupMessageReceiptReadMemberList({ type: 1, message: 'never sent' }, 'crew', { nextFlag: 0, count: 10 }),
      bob.zim.queryGroupMessageReceiptReadMemberList(bobs, 'crew', { nextFlag: 0, count: 10 }),
    ];
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: 6_000_001 });
  });

  it('a group that has no receipts refuses the message with 6000013', async () => {
    await start({ groups: false });
    const alice = await live('alice');
    await expect(alice.zim.sendMessage({ type: 1, message: 'x' }, 'crew', GROUP, SEND)).rejects.toMatchObject({ code: 6_000_013 });
  });

  it('a receipt after its window comes back by id, and the message is expired', async () => {
    await start({ windowMs: 1 });
    const [alice, bob] = await Promise.all([live('alice'), live('bob')]);
    const { message } = await alice.zim.sendMessage({ type: 1, message: 'x' }, 'crew', GROUP, SEND);
    const got = await received(bob, message.messageID!, 'groupMessageReceived');
    await expect(bob.zim.sendMessageReceiptsRead([got], 'crew', GROUP)).rejects.toMatchObject({
      code: expect.toBeOneOf([6_000_001, 6_000_277]) as number,
    });
    await expect
      .poll(async () => (await bob.zim.queryMessageReceiptsInfo([got], 'crew', GROUP)).infos[0]?.status, {
        timeout: await stretched(15_000),
      })
      .toBe(3);
  });

  it('group receipts that were made offline arrive after a reload, and questions answer as far as this device knows', async () => {
    await start();
    const alice = await live('alice');
    let bob = await live('bob');
    const { message } = await alice.zim.sendMessage({ type: 1, message: 'all hands' }, 'crew', GROUP, SEND);
    const { message: own } = await bob.zim.sendMessage({ type: 1, message: 'who is there?' }, 'crew', GROUP, SEND);
    const got = await received(bob, message.messageID!, 'groupMessageReceived');
    await cut();
    await eventually(bob, 'connectionStateChanged', { state: 3 });
    await bob.zim.sendMessageReceiptsRead([got], 'crew', GROUP);
    await bob.zim.clearConversationUnreadMessageCount('crew', GROUP);
    const { message: offline } = await bob.zim.sendMessage({ type: 1, message: 'from the tunnel' }, 'crew', GROUP, SEND);
    expect((await bob.zim.queryMessageReceiptsInfo([own], 'crew', GROUP)).infos).toMatchObject([
      { status: 1, readMemberCount: 0, unreadMemberCount: 2 },
    ]);
    await expect(bob.zim.queryGroupMessageReceiptReadMemberList(own, 'crew', { nextFlag: 0, count: 10 })).rejects.toMatchObject({
      code: 6_000_104,
    });
    bob.reload();

    bob = await login('bob');
    expect(await unread(bob)).toBe(0);
    await heal();
    await received(alice, offline.messageID!, 'groupMessageReceived');
    const readers = async (): Promise<string[]> => {
      const page = await alice.zim.queryGroupMessageReceiptReadMemberList(message, 'crew', { nextFlag: 0, count: 10 });
      return page.userList.map(({ userID }) => userID);
    };
    await expect.poll(readers, { timeout: await stretched(15_000) }).toEqual(['bob']);
    // The cut took alice away too. She hears of the receipt in any case.
    await eventually(alice, 'messageReceiptChanged', {
      infos: [expect.objectContaining({ messageID: message.messageID, readMemberCount: 1, unreadMemberCount: 1 })],
    });
  });
});
