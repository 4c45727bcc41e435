/** The receipt samples of the vendor's documentation, in the vendor's names, against the real server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import websdk, { type Connection, type EventHandlers } from '../../src/compat/easemob/easemob.ts';
import { Backend, stretched } from './backend.ts';
import type { EasemobPage } from './compat-easemob-page.ts';
import { type Frame, openFrame } from './frame.ts';

type Heard = [name: string, payload: unknown][];

const NAMES = [
  'onConnected',
  'onDisconnected',
  'onTextMessage',
  'onReceivedMessage',
  'onDeliveredMessage',
  'onReadMessage',
  'onChannelMessage',
  'onStatisticMessage',
  'onRecallMessage',
  'onTokenExpired',
  'onTokenWillExpire',
  'onError',
] as const satisfies readonly (keyof EventHandlers)[];

const listen = (connection: Connection): Heard => {
  const heard: Heard = [];
  const handlers = Object.fromEntries(NAMES.map((name) => [name, (payload: unknown) => heard.push([name, payload])]));
  connection.addEventHandler('UNIQUE_HANDLER_ID', handlers);
  return heard;
};

const of = (heard: Heard, name: string): unknown[] => heard.flatMap(([of, payload]) => (of === name ? [payload] : []));

describe('the receipt samples of Easemob Web', () => {
  let backend: Backend;
  const open: { close(): void }[] = [];
  const frames: Frame<EasemobPage>[] = [];
  const start = async (receipts?: Parameters<typeof Backend.start>[1]): Promise<void> => {
    backend = await Backend.start(['alice', 'bob', 'carol'], receipts);
  };
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    for (const frame of frames.splice(0)) frame.remove();
    await backend.stop();
  });

  const connect = async (sdk: typeof websdk, user: string, token = `token-of-${user}`): Promise<{ conn: Connection; heard: Heard }> => {
    const conn = new sdk.connection({ appKey: 'org#app', delivery: true }, { url: backend.url });
    open.push(conn);
    const heard = listen(conn);
    await conn.open({ user, accessToken: token });
    return { conn, heard };
  };
  const eventually = async (heard: Heard, name: string, payload: unknown): Promise<void> => {
    await expect.poll(() => of(heard, name), { timeout: await stretched(15_000) }).toContainEqual(payload);
  };
  const live = async (user: string): Promise<{ conn: Connection; heard: Heard }> => {
    const one = await connect(websdk, user);
    await eventually(one.heard, 'onConnected', undefined);
    return one;
  };
  /** A page of its own, which can be reloaded. */
  const openPage = async (user: string) => {
    const frame = await openFrame<EasemobPage>('test/browser/compat-easemob-page.ts', 'websdk');
    frames.push(frame);
    return { ...(await connect(frame.window.websdk, user)), sdk: frame.window.websdk, frame };
  };
  const text = (sdk: typeof websdk, to: string, msg: string) => sdk.message.create({ chatType: 'singleChat', type: 'txt', to, msg });

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
      const alice = await connect(websdk, 'alice', `token-of-alice until ${Date.now() + 1000}`);
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
    await backend.cut();
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
    await backend.heal();
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
    const conn = new websdk.connection({ appKey: 'org#app' }, { url: backend.url });
    await expect(conn.send(text(websdk, 'bob', 'x'))).rejects.toMatchObject({ type: 39 });
    const alice = await live('alice');
    await backend.cut();
    await eventually(alice.heard, 'onDisconnected', undefined);
    await expect(alice.conn.getGroupMsgReadUser({ msgId: 'm', groupId: 'crew' })).rejects.toMatchObject({ type: 16 });
    alice.conn.close();
    await expect(alice.conn.send(text(websdk, 'bob', 'x'))).rejects.toMatchObject({ type: 39 });
    expect(alice.conn.isOpened()).toBe(false);
  });

  it('bad arguments of the local cache throw at once', async () => {
    await start();
    const conn = new websdk.connection({ appKey: 'org#app' }, { url: backend.url });
    expect(() => conn.localCache.clearConversationUnreadCount({ conversationId: '', conversationType: 'singleChat' })).toThrow(
      'Invalid parameter conversationId',
    );
    await expect(
      conn.localCache.clearConversationUnreadCount({ conversationId: 'bob', conversationType: 'singleChat' }),
    ).rejects.toMatchObject({ type: 604 });
  });
});
