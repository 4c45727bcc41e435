/** Each facade on a device that was never connected, and whose app cannot reach the server. */
import { describe, expect, it } from 'vitest';
import websdk from '../../src/compat/easemob/easemob.ts';
import { stretched } from './backend.ts';
import { flutterPhones } from './easemob-flutter-phones.ts';
import { easemobPhones, text } from './easemob-phones.ts';
import { tencentPhones } from './tencent-phones.ts';
import { PEER, zimPhones } from './zim-phones.ts';

/** A question without an answer would wait for ever. */
const answered = async (question: Promise<unknown>): Promise<unknown> => {
  const limit = await stretched(10_000);
  return Promise.race([question, new Promise((resolve) => setTimeout(resolve, limit, 'no answer'))]);
};

describe('Easemob Web on a device that was never connected', () => {
  const { start, connect, eventually, live, cut, heal } = easemobPhones();

  it('stores messages and refuses questions about counts', async () => {
    await start();
    const alice = await live('alice');
    await cut();
    const bob = await connect(websdk, 'bob');
    const message = text(websdk, 'alice', 'from the tunnel');
    await expect(answered(bob.conn.send(message))).resolves.toMatchObject({ localMsgId: message.id });
    await expect(answered(bob.conn.localCache.getLocalConversations())).rejects.toMatchObject({ type: 16 });
    await expect(answered(bob.conn.getServerConversations({}))).rejects.toMatchObject({ type: 16 });
    await heal();
    await eventually(alice.heard, 'onTextMessage', expect.objectContaining({ id: message.id }));
  });
});

describe('Easemob Flutter on a device that was never connected', () => {
  const { start, login, live, received, cut, heal } = flutterPhones();

  it('stores messages and refuses questions about counts', async () => {
    await start();
    const alice = await live('alice');
    await cut();
    const bob = await login('bob');
    const message = bob.text('alice', 'from the tunnel');
    await expect(answered(bob.manager.sendMessage(message))).resolves.toMatchObject({ status: 'PROGRESS' });
    await expect(answered(bob.manager.getUnreadMessageCount())).rejects.toMatchObject({ code: 2 });
    await expect(answered((await bob.manager.getConversation('alice')).unreadCount())).rejects.toMatchObject({ code: 2 });
    await heal();
    await received(alice, message.msgId);
  });
});

describe('Tencent Chat on a device that was never connected', () => {
  const { start, login, live, received, say, cut, heal } = tencentPhones();

  it('stores messages, and has no conversations', async () => {
    await start();
    const alice = await live('alice');
    await cut();
    const bob = await login('bob');
    const sent = await say(bob, 'alice', 'from the tunnel');
    expect(sent.status).toBe('unSend');
    expect(bob.chat.isReady()).toBe(false);
    expect(bob.chat.getTotalUnreadMessageCount()).toBe(0);
    await expect(answered(bob.chat.getConversationList())).resolves.toMatchObject({
      data: { conversationList: [], isSyncCompleted: false },
    });
    await heal();
    await received(alice, sent.ID);
  });
});

describe('ZIM on a device that was never connected', () => {
  const { start, login, live, received, say, unread, cut, heal } = zimPhones();

  it('stores messages and refuses questions about counts', async () => {
    await start();
    const alice = await live('alice');
    await cut();
    const bob = await login('bob');
    const sent = await say(bob, 'alice', 'from the tunnel');
    expect(sent.sentStatus).toBe(0);
    await expect(answered(unread(bob))).rejects.toMatchObject({ code: 6_000_104 });
    await expect(answered(bob.zim.queryConversationList({ count: 10 }))).rejects.toMatchObject({ code: 6_000_104 });
    await expect(answered(bob.zim.clearConversationUnreadMessageCount('alice', PEER))).rejects.toMatchObject({ code: 6_000_104 });
    await heal();
    await received(alice, sent.messageID!);
  });
});
