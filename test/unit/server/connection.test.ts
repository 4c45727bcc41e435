import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createLocalBus } from '../../../src/server/bus/bus.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ServerStore } from '../../../src/server/store/server-store.ts';
import type { Connection } from '../../../src/server/socket.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

describe('one connection at the server', () => {
  let clock: TestClock;
  let slow = 0;
  let socket: FakeSocket;
  let connection: Connection;
  let server: ReturnType<typeof createReceiptServer>;
  const receive = async (...frames: object[]): Promise<void> => {
    for (const frame of frames) connection.receive(JSON.stringify(frame));
    await connection.settled();
  };
  const hello = { type: 'hello', version: PROTOCOL_VERSION, token: 't', userId: 'bob', deviceId: 'd' };

  beforeEach(() => {
    clock = new TestClock();
    socket = new FakeSocket();
    server = createReceiptServer({
      store: createMemoryStore({ now: clock.wall }),
      authenticate: async () => ({ userId: 'bob', expiresAt: 3_000_000_000 }),
      clock,
    });
    connection = server.connect(socket)!;
  });

  it('the server closes a connection after ten seconds without a frame, and not before (F108)', async () => {
    await clock.pass(9_999);
    expect(socket.closedWith).toBeUndefined();
    await clock.pass(1);
    expect(socket.closedWith).toBe(CLOSE.helloTimeout);
  });

  it('entries and the fetch of an opened chat overtake a long catch-up, and each frame has its answer', async () => {
    await receive(hello);
    for (let chat = 0; chat < 30; chat++)
      for (let part = 0; part < 20; part++)
        await server.publish({ from: `peer-${chat}-${part}`, to: { user: 'bob' }, body: 'x'.repeat(100) });
    socket.sent.length = 0;
    const fetch = { type: 'fetch', id: 7, wants: [{ conversationId: 'direct:peer-0-0', seqs: [[1, 1]], limit: 50 }] };
    const entry = { kind: 'receipts', key: 'k', conversationId: 'direct:peer-0-0', cursor: null, position: 1 };
    await receive({ type: 'pull', cursor: null }, { type: 'ping' }, fetch, { type: 'submit', id: 8, entries: [entry] });
    const order = socket.sent.map((frame) => ('id' in frame ? `${frame.type} ${String(frame.id)}` : frame.type));
    const lastPage = order.lastIndexOf('changes');
    expect(order.filter((one) => one === 'changes').length).toBeGreaterThan(1);
    expect(order.indexOf('messages 7')).toBeLessThan(lastPage);
    expect(order.indexOf('answer 8')).toBeLessThan(lastPage);
    expect(order.indexOf('messages 7')).toBeLessThan(order.indexOf('answer 8'));
    expect(order.indexOf('pong')).toBeGreaterThan(lastPage);
  });

  it('a fetch that arrives during a long catch-up overtakes it, also with a store that answers without the event loop', async () => {
    await receive(hello);
    for (let chat = 0; chat < 30; chat++)
      for (let part = 0; part < 20; part++)
        await server.publish({ from: `peer-${chat}-${part}`, to: { user: 'bob' }, body: 'x'.repeat(100) });
    socket.sent.length = 0;
    // Each look at the clock finds it 3 ms later, and a timer of 0 ms is due when the event loop goes on.
    vi.spyOn(clock, 'mono').mockImplementation(() => (slow += 3));
    vi.spyOn(clock, 'timer').mockImplementation((ms, fn) => {
      const handle = setTimeout(fn, ms);
      return () => clearTimeout(handle);
    });
    const fetch = { type: 'fetch', id: 7, wants: [{ conversationId: 'direct:peer-0-0', seqs: [[1, 1]], limit: 50 }] };
    setTimeout(() => connection.receive(JSON.stringify(fetch)));
    await receive({ type: 'pull', cursor: null });
    await connection.settled();
    const order = socket.sent.map((frame) => ('id' in frame ? `${frame.type} ${String(frame.id)}` : frame.type));
    expect(order).toContain('messages 7');
    expect(order.indexOf('messages 7')).toBeLessThan(order.lastIndexOf('changes'));
  });

  it('a connection lasts until its token expires, even if no timer reaches that far (F76)', async () => {
    void server.setPolicy({ limits: { heartbeatMs: 1_000_000_000 } });
    await receive(hello);
    expect(socket.sent).toMatchObject([{ type: 'welcome', expiresInMs: 3_000_000_000 }]);
    await clock.pass(2_999_999_999);
    expect(socket.closedWith).toBeUndefined();
    await clock.pass(1);
    expect(socket.sent.at(-1)).toMatchObject({ type: 'error', code: 'auth/expired' });
    expect(socket.closedWith).toBe(CLOSE.unauthorized);
  });

  it('the server closes a connection whose client has sent nothing for four heartbeats, although the client receives much, and not before (F125)', async () => {
    await receive(hello, { type: 'pull', cursor: null });
    for (let second = 0; second < 99; second += 11) {
      await clock.pass(11_000);
      await server.publish({ from: 'ann', to: { user: 'bob' }, body: second });
      await connection.settled();
    }
    await clock.pass(999);
    expect(socket.closedWith).toBeUndefined();
    await clock.pass(1);
    expect(socket.closedWith).toBe(CLOSE.silent);
  });

  it('a connection whose client sends one frame in four heartbeats stays open (F125)', async () => {
    await receive(hello);
    for (let i = 0; i < 5; i++) {
      await clock.pass(99_000);
      await receive({ type: 'ping' });
    }
    expect(socket.closedWith).toBeUndefined();
  });

  it.each([
    ['shorter', 1000],
    ['longer', 100_000],
  ])('after setPolicy a silent connection ends four %s heartbeats after its client was told (F125)', async (_, heartbeatMs) => {
    await receive(hello);
    await clock.pass(90_000);
    await server.setPolicy({ limits: { heartbeatMs } });
    await connection.settled();
    expect(socket.sent.at(-1)).toMatchObject({ type: 'welcome', limits: { heartbeatMs } });
    await clock.pass(4 * heartbeatMs - 1);
    expect(socket.closedWith).toBeUndefined();
    await clock.pass(1);
    expect(socket.closedWith).toBe(CLOSE.silent);
    expect(clock.armed).toBe(0);
  });

  it('the server waits for a slow reader, and closes a connection that reads nothing (F109)', async () => {
    await receive(hello, { type: 'pull', cursor: null });
    socket.buffered = 300 * 1024;
    connection.receive('{"type":"ping"}');
    for (let i = 0; i < 2; i++) {
      await clock.pass(9_000);
      socket.buffered -= 100;
    }
    expect(socket.closedWith).toBeUndefined();
    expect(socket.sent.some(({ type }) => type === 'pong')).toBe(false);
    await clock.pass(10_100);
    expect(socket.closedWith).toBe(CLOSE.tooSlow);
  });

  it('the server limits the waiting frames of a client with more requests than reads', async () => {
    await receive(hello);
    socket.buffered = 300 * 1024;
    for (let i = 0; i < 300; i++) connection.receive('{"type":"ping"}');
    expect(socket.closedWith).toBe(CLOSE.tryLater);
  });

  it('a change written during the first pull comes with the next frame (F69)', async () => {
    const bus = createLocalBus();
    const memory = createMemoryStore({ now: clock.wall });
    const shared = { authenticate: async () => ({ userId: 'bob' }), bus, clock };
    const otherNode = createReceiptServer({ ...shared, store: memory });
    let isFirst = true;
    const store: ServerStore = {
      ...memory,
      read: async (name, body) => {
        const page = await memory.read(name, body);
        if (name !== 'changes' || !isFirst) return page;
        isFirst = false;
        await otherNode.publish({ from: 'ann', to: { user: 'bob' }, body: 1 });
        return page;
      },
    };
    connection = createReceiptServer({ ...shared, store }).connect(socket)!;
    await receive(hello, { type: 'pull', cursor: null });
    await connection.settled();
    const [first, second] = socket.sent.filter(({ type }) => type === 'changes');
    expect(first).toMatchObject({ from: null, rows: [], complete: true });
    expect(second).toMatchObject({ from: (first as unknown as { to: string }).to, rows: [{ latestSeq: 1 }] });
  });

  it('many hints together cause one frame of changes', async () => {
    await receive(hello, { type: 'pull', cursor: null });
    const before = socket.sent.length;
    await server.publish({ from: 'ann', to: { user: 'bob' }, body: 1 });
    for (let i = 0; i < 50; i++) connection.wake();
    await connection.settled();
    expect(socket.sent.slice(before)).toMatchObject([{ type: 'changes', rows: [{ latestSeq: 1 }] }]);
  });

  describe('what an answer has told', () => {
    const read = (position: number): object => ({
      type: 'submit',
      id: position,
      entries: [{ kind: 'receipts', key: `k${position}`, conversationId: 'direct:ann', cursor: null, position, read: [[1, position]] }],
    });
    const other = new FakeSocket();
    let second: Connection;
    beforeEach(async () => {
      for (const body of [1, 2, 3]) await server.publish({ from: 'ann', to: { user: 'bob' }, body });
      second = server.connect(other)!;
      second.receive(JSON.stringify({ ...hello, deviceId: 'd2' }));
      second.receive('{"type":"pull","cursor":null}');
      await second.settled();
      await receive(hello, { type: 'pull', cursor: null });
      other.sent.length = socket.sent.length = 0;
    });

    it('comes in the feed of this connection within five seconds, once, and to the other devices of the user at once', async () => {
      await receive(read(1), read(2));
      await second.settled();
      expect(socket.sent.map(({ type }) => type)).toEqual(['answer', 'answer']);
      expect(other.sent.at(-1)).toMatchObject({ type: 'changes', rows: [{ readUpTo: 2 }] });
      await clock.pass(5000);
      await connection.settled();
      expect(socket.sent.slice(2)).toMatchObject([{ type: 'changes', rows: [{ readUpTo: 2 }] }]);
      await clock.pass(25_000);
      await connection.settled();
      expect(socket.sent.length).toBe(3);
    });

    it('comes before the news of others', async () => {
      await receive(read(1));
      await server.publish({ from: 'ann', to: { user: 'bob' }, body: 4 });
      await connection.settled();
      expect(socket.sent.slice(1)).toMatchObject([{ type: 'changes', rows: [{ readUpTo: 1, latestSeq: 4 }], complete: true }]);
    });

    it('is not a message: its sender reads it in the feed at once', async () => {
      const entry = { kind: 'message', key: 'm', conversationId: 'direct:ann', cursor: null, id: 'm1', body: '1', receiptRequested: true };
      await receive({ type: 'submit', id: 9, entries: [{ ...entry, countable: true }] });
      await connection.settled();
      expect(socket.sent.map(({ type }) => type)).toEqual(['answer', 'changes']);
    });
  });

  describe('a waiting pull over HTTP', () => {
    const held = async (cursor: string | null): Promise<{ status: number; frames: { type: string; to: string; rows: unknown[] }[] }> => {
      const { status, body } = await server.request(JSON.stringify([hello, { type: 'pull', cursor, waitMs: 20_000 }]));
      return { status, frames: JSON.parse(body) as [] };
    };

    it('a waiting pull is answered as soon as there is a change, or empty when its time is over (F53)', async () => {
      const { frames } = await held(null); // a snapshot is never held
      const cursor = frames[1]!.to;
      let isAnswered = false;
      const first = held(cursor).finally(() => (isAnswered = true));
      await clock.pass(19_000);
      expect(isAnswered).toBe(false);
      await server.publish({ from: 'ann', to: { user: 'bob' }, body: 1 });
      expect((await first).frames).toMatchObject([{ type: 'welcome' }, { type: 'changes', from: cursor, rows: [{ latestSeq: 1 }] }]);
      const next = (await first).frames[1]!.to;
      const second = held(next);
      await clock.pass(20_001);
      expect((await second).frames).toMatchObject([{ type: 'welcome' }, { type: 'changes', from: next, rows: [], complete: true }]);
    });

    it('a waiting pull ends when the server closes', async () => {
      const { frames } = await held(null);
      const waiting = held(frames[1]!.to);
      await clock.pass(1000);
      await server.close();
      expect(await waiting).toMatchObject({ status: 503 });
      expect((await waiting).frames.at(-1)).toMatchObject({ type: 'error', code: 'server/busy' });
    });
  });

  it('publish stores one message for one id, and rejects with a reason otherwise', async () => {
    const first = await server.publish({ from: 'ann', to: { user: 'bob' }, body: { a: 1 }, id: 'p1' });
    expect(first).toEqual({ id: 'p1', seq: 1, sentAt: 0 });
    expect(await server.publish({ from: 'ann', to: { user: 'bob' }, body: { a: 1 }, id: 'p1' })).toEqual(first);
    await expect(server.publish({ from: 'ann', to: { user: 'bob' }, body: 2, id: 'p1' })).rejects.toMatchObject({
      code: 'rejected/id-conflict',
    });
    await expect(server.publish({ from: 'ann', to: { user: 'ann' }, body: 2 })).rejects.toMatchObject({ code: 'rejected/unsupported' });
  });
});
