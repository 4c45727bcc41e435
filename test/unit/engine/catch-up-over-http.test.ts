import { beforeEach, describe, expect, it } from 'vitest';
import { FencedError, LoggedOutError } from '../../../src/engine/write/log-header.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { setMuted, setPaused } from '../../../src/engine/intents/switches.ts';
import { newsOf } from '../../../src/engine/queries/pushed-message.ts';
import { catchUpOverHttp, type WantedMessage } from '../../../src/engine/sync/feed/catch-up-over-http.ts';
import { sendOutboxOverHttp } from '../../../src/engine/sync/outbox/send-outbox-over-http.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { AuthError, TransportError } from '../../../src/errors.ts';
import type { Message } from '../../../src/model/message/message.ts';
import type { Ports } from '../../../src/ports/ports.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, type WorldTab } from '../../support/on-tab.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
const account = { userId: 'alice', deviceId: 'alice-phone' };

/** The ports of code on a device without a page. */
const portsOn = async (world: TestWorld, device: VirtualDevice, getToken: () => Promise<string>): Promise<Ports> => ({
  ...(await device.ports(new VirtualProcess(world.time, 'woken'))),
  token: { getToken },
});

describe('catch-up over HTTP, for an account woken without a page', () => {
  let world: TestWorld;
  let alice: VirtualDevice;
  let token: string;
  let bob: WorldTab;
  let ports: Ports;
  let writer: Writer;
  let fence: number;
  let sent: ReturnType<typeof sentBy>;

  beforeEach(async () => {
    world = createTestWorld();
    alice = world.device('alice');
    token = world.server.token('alice');
    [, bob] = await openDevice(world, 'bob');
    sent = sentBy(alice);
    ports = await portsOn(world, alice, async () => token);
    writer = await world.until(Writer.open(ports, 'alice'));
    fence = await world.until(writer.takeFence());
  });

  const said = async (text: string, countable = true): Promise<Message & { seq: number }> => {
    const { id } = await bob.say('alice', text, { countable });
    const list = await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 50 }, (all) =>
      all.some((one) => one.id === id && one.seq !== null),
    );
    const sent = list.find((one) => one.id === id);
    return { ...sent!, seq: sent!.seq! };
  };
  const wake = (wanted?: WantedMessage): Promise<void> => world.until(catchUpOverHttp(ports, account, writer, fence, wanted));
  const news = (message: Message & { seq: number }, isCaughtUp = true) => world.until(newsOf(writer, 'direct:bob', message, isCaughtUp));
  const write = (...args: Parameters<Writer['write']>) => world.until(writer.write(...args));

  it('catch-up over HTTP starts with an empty store or at the stored cursor, and gets the wanted message in one request', async () => {
    await said('one');
    const second = await said('two');
    await wake({ conversationId: 'direct:bob', seq: second.seq });
    expect(sent.requests).toHaveLength(1);
    expect(sent.sockets).toEqual([]);
    expect(pickTotal(writer.model.totals)).toBe(2);
    expect(writer.model.get('direct:bob')?.storedSeqs).toEqual([[2, 2]]);
    const third = await said('three');
    await wake({ conversationId: 'direct:bob', seq: third.seq });
    expect(pickTotal(writer.model.totals)).toBe(3);
    expect(writer.model.get('direct:bob')?.storedSeqs).toEqual([[2, 3]]);
    // The device sends delivery receipts for its stored messages, and nothing else.
    expect([...writer.model.outbox.values()]).toMatchObject([
      { kind: 'receipts', pendingReceipts: { delivered: [[2, 3]], read: [], named: [], position: 0 } },
    ]);
    await world.until(sendOutboxOverHttp(ports, account, writer, fence));
    await bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 3);
    await wake({ conversationId: 'direct:bob', seq: third.seq });
    expect(writer.model.outbox.size).toBe(0);
  });

  it('catch-up over HTTP starts again from a snapshot when the server has lost its history; pending entries stay, and the wanted message is stored (F66)', async () => {
    const empty = world.server.dump();
    await said('one');
    await wake();
    await write('say', STRICT, (draft) => sendMessage(draft, ports, 'direct:bob', { body: '"kept"' }));
    await bob.close();
    world.server.restore(empty);
    [, bob] = await openDevice(world, 'bob');
    const other = await said('of another history');
    await wake({ conversationId: 'direct:bob', seq: other.seq });
    expect(writer.model.get('direct:bob')?.storedSeqs).toEqual([[1, 1]]);
    expect((await news(other))?.message.body).toBe('of another history');
    expect([...writer.model.outbox.values()].some((entry) => entry.kind === 'message')).toBe(true);
  });

  it('catch-up over HTTP stores nothing with a token of another user, with an outdated fencing token, or without a network', async () => {
    const message = await said('one');
    const own = token;
    token = world.server.token('carol');
    await expect(wake()).rejects.toThrow(AuthError);
    token = 'no token at all';
    await expect(wake()).rejects.toThrow(AuthError);
    token = own;
    goOffline(alice);
    await expect(wake()).rejects.toThrow(TransportError);
    goOnline(alice);
    const other = await portsOn(world, alice, async () => token);
    await world.until(Writer.open(other, 'alice').then((one) => one.takeFence()));
    await expect(wake({ conversationId: 'direct:bob', seq: message.seq })).rejects.toThrow(FencedError);
    expect(writer.model.conversations.size).toBe(0);
    expect(writer.model.cursor).toBeNull();
  });

  it('only another user’s message is news, if unread, countable, not recalled and known to the server', async () => {
    const first = await said('one');
    expect(await news(first, false)).toMatchObject({ message: { id: first.id, body: null, status: 'received' }, muted: false });
    await wake({ conversationId: 'direct:bob', seq: first.seq });
    expect(await news(first)).toMatchObject({ message: { id: first.id, body: 'one' } });
    expect(await news({ ...first, id: 'of nobody' })).toBeNull();
    expect(await news({ ...first, id: 'of nobody', senderId: 'alice', seq: 9 }, false)).toBeNull();

    const uncounted = await said('typing', false);
    expect(await news(uncounted, false)).toBeNull();
    await wake({ conversationId: 'direct:bob', seq: uncounted.seq });
    expect(await news(uncounted)).toBeNull();

    const taken = await said('oops');
    await bob.do('recallMessage', taken.id);
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await wake({ conversationId: 'direct:bob', seq: taken.seq });
    expect(await news(taken)).toBeNull();

    await write('mute', STRICT, (draft) => setMuted(draft, ports, 'direct:bob', true));
    expect(await news(first)).toMatchObject({ muted: true });
    await write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, ports, 'direct:bob'));
    expect(await news(first)).toBeNull();
    expect(await news(first, false)).toBeNull();
  });

  it('no message is news to a paused or logged-out account', async () => {
    const first = await said('one');
    await wake({ conversationId: 'direct:bob', seq: first.seq });
    const page = await openTab(world, alice);
    await page.do('setPaused', true);
    expect(await news(first)).toBeNull();
    await write('resume', STRICT, (draft) => setPaused(draft, false));
    expect(await news(first)).not.toBeNull();
    await world.until(page.tab.logOut({ pending: 'discard', timeoutMs: 100, keepData: false }));
    await expect(news(first)).rejects.toThrow(LoggedOutError);
  });
});
