/** Each facade on a device that was never connected, and whose app cannot reach the server. The facades wait side by side. */
import { expect, it } from 'vitest';
import websdk from '../../src/compat/easemob/easemob.ts';
import { stretched } from './backend.ts';
import { flutterPhones } from './easemob-flutter-phones.ts';
import { easemobPhones, text } from './easemob-phones.ts';
import { tencentPhones } from './tencent-phones.ts';
import { PEER, zimPhones } from './zim-phones.ts';

/** A question without an answer would wait for ever. */
const answered = (question: Promise<unknown>): Promise<unknown> =>
  Promise.race([question, stretched(10_000).then((limit) => new Promise((resolve) => setTimeout(resolve, limit, 'no answer')))]);

const easemobWeb = () => {
  const { start, connect, eventually, live, cut, heal } = easemobPhones();
  return async (): Promise<void> => {
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
  };
};

const easemobFlutter = () => {
  const { start, login, live, received, cut, heal } = flutterPhones();
  return async (): Promise<void> => {
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
  };
};

const tencentChat = () => {
  const { start, login, live, received, say, cut, heal } = tencentPhones();
  return async (): Promise<void> => {
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
  };
};

const zim = () => {
  const { start, login, live, received, say, unread, cut, heal } = zimPhones();
  return async (): Promise<void> => {
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
  };
};

const facades = [easemobWeb(), easemobFlutter(), tencentChat(), zim()];

it('each facade stores messages on a device that was never connected, and counts no conversation before the first snapshot', async () => {
  await Promise.all(facades.map((play) => play()));
});
