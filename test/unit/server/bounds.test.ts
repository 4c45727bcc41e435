/** Limits of the memory of an account, an address or a request at the server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import { Admission } from '../../../src/server/admission.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import type { Policy } from '../../../src/server/policy.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import type { ServerStore } from '../../../src/server/store/server-store.ts';
import type { Connection } from '../../../src/server/socket.ts';
import { hello } from '../../contract/server-harness.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

const KIB = 1024;

/** Counts the characters of the bodies from the store. */
const countingStore = (clock: TestClock): ServerStore & { chars: number } => {
  const store = createMemoryStore({ now: clock.wall });
  const counted: ServerStore & { chars: number } = {
    chars: 0,
    read: (name, body) =>
      store.read(name, (tx) =>
        body({
          ...tx,
          messagesWithin: async (ranges, bytes) => {
            const messages = await tx.messagesWithin(ranges, bytes);
            counted.chars += messages.reduce((sum, message) => sum + message.body.length, 0);
            return messages;
          },
        }),
      ),
    tx: (name, body) => store.tx(name, body),
    close: () => store.close(),
  };
  return counted;
};

describe('limits for one account', () => {
  let clock: TestClock;
  let store: ReturnType<typeof countingStore>;
  let server: ReceiptServer;
  const authenticate = async (token: string) => ({ userId: token });

  beforeEach(async () => {
    clock = new TestClock();
    store = countingStore(clock);
    server = createReceiptServer({ store, authenticate, clock });
    for (let i = 0; i < 300; i++) await server.publish({ from: 'ann', to: { user: 'bob' }, body: 'x'.repeat(15_000), id: `m${i}` });
  });
  afterEach(() => server.close());

  const fetchAll = (id: number, seqs: [number, number][] = [[1, 1000]]) => ({
    type: 'fetch',
    id,
    wants: [{ conversationId: 'direct:bob', seqs, limit: 2000 }],
  });

  it('a request with many fetches gets a bounded answer, and each fetch without room in the answer gets an error (F119)', async () => {
    const { status, body } = await server.request(
      JSON.stringify([hello('ann'), ...Array.from({ length: 250 }, (_, i) => fetchAll(i + 1))]),
    );
    expect(status).toBe(200);
    expect(body.length).toBeLessThan(400 * KIB);
    expect(store.chars).toBeLessThan(400 * KIB);
    const frames = JSON.parse(body) as ServerFrame[];
    expect(frames.filter(({ type }) => type === 'error')).toHaveLength(249);
    expect(frames.at(-1)).toMatchObject({ type: 'error', code: 'server/busy', id: 250, retryAfterMs: 0 });
    const messages = frames.filter((frame) => frame.type === 'messages');
    expect(messages.every(({ id, complete }) => id === 1 && !complete)).toBe(true);
  });

  it('messages without room in an answer come with the next requests, all of them once (F119)', async () => {
    const got: number[] = [];
    for (let upTo = 300, requests = 0; upTo > 0; requests++) {
      expect(requests).toBeLessThan(40);
      const { body } = await server.request(JSON.stringify([hello('ann'), fetchAll(1, [[1, upTo]])]));
      const frames = (JSON.parse(body) as ServerFrame[]).filter((frame) => frame.type === 'messages');
      got.push(...frames.flatMap(({ of }) => of.flatMap(({ messages }) => messages.map(({ seq }) => seq))));
      upTo = frames.at(-1)!.complete ? 0 : got.at(-1)! - 1;
      await clock.pass(1000);
    }
    expect(got).toEqual(Array.from({ length: 300 }, (_, i) => 300 - i));
  });

  it('a request with more than 256 frames is refused as bad, and one with 256 frames is accepted (F125)', async () => {
    const pings = (count: number) => JSON.stringify([hello('ann'), ...Array.from({ length: count }, () => ({ type: 'ping' }))]);
    expect((await server.request(pings(255))).status).toBe(200);
    const { status, body } = await server.request(pings(256));
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject([{ type: 'error', code: 'protocol/bad-frame' }]);
  });

  it('a fetch costs as much as it returns: after many fetches the account must wait (F119)', async () => {
    void server.setPolicy({ rate: { perSecond: 100, burst: 100 } });
    const socket = new FakeSocket();
    const connection = server.connect(socket)!;
    connection.receive(JSON.stringify(hello('ann')));
    // A fetch overtakes another one between two pages, and no fetch begins after the allowance is used up.
    for (let id = 1; id <= 8; id++) connection.receive(JSON.stringify(fetchAll(id)));
    const busy = () => socket.sent.findLast(({ type }) => type === 'error');
    await expect.poll(async () => (await clock.pass(0), busy())).toMatchObject({ code: 'server/busy', id: 4 });
    // The connection pauses after each refusal, and all eight fetches come to their end.
    await expect.poll(async () => (await clock.pass(100), busy()), { timeout: 8000 }).toMatchObject({ id: 8 });
    const answers = new Set(socket.sent.filter(({ type }) => type === 'messages').map((frame) => (frame as { id?: number }).id)).size;
    expect(answers).toBe(3);
    await clock.pass(1000);
  });

  it('the server reads no messages ahead for a client that does not read (F119)', async () => {
    const socket = new FakeSocket();
    const connection = server.connect(socket)!;
    connection.receive(JSON.stringify(hello('ann')));
    await connection.settled();
    socket.buffered = 300 * KIB;
    connection.receive(JSON.stringify(fetchAll(1)));
    await clock.pass(100);
    expect(store.chars).toBe(0);
    socket.buffered = 0;
    const send = socket.send.bind(socket);
    socket.send = (text) => {
      send(text);
      socket.buffered += text.length;
    };
    await clock.pass(100);
    expect(store.chars).toBeLessThan(350 * KIB);
    await clock.pass(11_000);
    expect(socket.closedWith).toBe(CLOSE.tooSlow);
  });

  it('the server reads a page of the feed again for a slow reader, and does not keep the page in memory (F119)', async () => {
    for (let i = 0; i < 400; i++)
      await server.publish({ from: `f${i}-${'n'.repeat(100)}`, to: { user: 'bob' }, body: 'y'.repeat(200), id: `p${i}` });
    const socket = new FakeSocket();
    const frames: { from: string | null; to: string; rows: { conversationId: string }[]; complete: boolean }[] = [];
    const connection = server.connect(socket)!;
    connection.receive(JSON.stringify(hello('bob')));
    await connection.settled();
    socket.send = (text) => {
      frames.push(JSON.parse(text) as (typeof frames)[number]);
      socket.buffered += text.length;
    };
    connection.receive(JSON.stringify({ type: 'pull', cursor: null }));
    for (let i = 0; i < 20 && !frames.at(-1)?.complete; i++) {
      await clock.pass(100);
      socket.buffered = 0;
    }
    await connection.settled();
    expect(frames.at(-1)!.complete).toBe(true);
    for (let i = 1; i < frames.length; i++) expect(frames[i]!.from).toBe(frames[i - 1]!.to);
    const names = frames.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId));
    expect(new Set(names).size).toBe(401);
    expect(names).toHaveLength(401);
  });

  it('an account has a maximum number of connections, and a place is free again as soon as a connection ends (F119)', async () => {
    void server.setPolicy({ connections: { perUser: 3 } });
    const open = async (): Promise<{ socket: FakeSocket; connection: Connection }> => {
      const socket = new FakeSocket();
      const connection = server.connect(socket)!;
      connection.receive(JSON.stringify(hello('ann')));
      await connection.settled();
      return { socket, connection };
    };
    const three = [await open(), await open(), await open()];
    const fourth = await open();
    expect(fourth.socket.sent).toMatchObject([{ type: 'error', code: 'server/busy', retryAfterMs: 10_000 }]);
    expect(fourth.socket.closedWith).toBe(CLOSE.tryLater);
    expect(await server.request(JSON.stringify([hello('ann'), { type: 'ping' }]))).toMatchObject({ status: 503, retryAfterMs: 10_000 });
    three[0]!.connection.closed();
    await three[0]!.connection.settled();
    expect((await open()).socket.closedWith).toBeUndefined();
    const other = new FakeSocket();
    server.connect(other)!.receive(JSON.stringify(hello('bob')));
    await clock.pass(0);
    expect(other.sent).toMatchObject([{ type: 'welcome' }]);
  });

  it('the bytes from a client that reads no answers are limited (F119)', async () => {
    const socket = new FakeSocket();
    const connection = server.connect(socket)!;
    connection.receive(JSON.stringify(hello('ann')));
    await connection.settled();
    socket.buffered = 300 * KIB;
    const big = JSON.stringify({ type: 'auth', token: 'x'.repeat(60 * KIB) });
    for (let i = 0; i < 5; i++) connection.receive(big);
    expect(socket.closedWith).toBeUndefined();
    connection.receive(big);
    expect(socket.closedWith).toBe(CLOSE.tryLater);
    await clock.pass(1000);
  });
});

describe('limits before the token is checked', () => {
  it('the server keeps few bytes for a connection before the token is checked, and ends a check that takes too long (F119)', async () => {
    const clock = new TestClock();
    const server = createReceiptServer({
      store: createMemoryStore({ now: clock.wall }),
      authenticate: () => new Promise(() => undefined),
      clock,
    });
    const big = JSON.stringify({ type: 'auth', token: 'x'.repeat(60 * KIB) });
    const loud = new FakeSocket();
    const connection = server.connect(loud)!;
    connection.receive(JSON.stringify(hello('ann')));
    connection.receive(big);
    connection.receive(big);
    expect(loud.closedWith).toBeUndefined();
    connection.receive(big);
    expect(loud.closedWith).toBe(CLOSE.tryLater);
    const answer = server.request(JSON.stringify([hello('ann'), { type: 'ping' }]));
    await clock.pass(10_000);
    expect((await answer).status).toBe(503);
    await server.close();
  });
});

describe('the places of connections', () => {
  const LIMITS: Policy['connections'] = { perUser: 2, perAddress: 3, unnamedPerAddress: 2 };

  it('an address has a maximum of connections without an account and of all connections, and gets the places of ended ones back (F119)', () => {
    const admission = new Admission(() => LIMITS);
    const a = admission.enter('1.2.3.4')!;
    const b = admission.enter('1.2.3.4')!;
    expect(admission.enter('1.2.3.4')).toBeUndefined();
    expect(admission.enter('1.2.3.5')).toBeDefined();
    expect(a.name('ann')).toBe(true);
    expect(b.name('ben')).toBe(true);
    const c = admission.enter('1.2.3.4')!;
    expect(c.name('cat')).toBe(true);
    expect(admission.enter('1.2.3.4')).toBeUndefined();
    c.leave();
    c.leave();
    expect(admission.enter('1.2.3.4')).toBeDefined();
    expect(admission.enter('1.2.3.4')).toBeUndefined();
  });

  it('an account has a maximum of connections over all addresses, and a refused or ended connection counts nowhere (F119)', () => {
    const admission = new Admission(() => LIMITS);
    const [a, b, c] = ['1', '2', '3'].map((address) => admission.enter(address)!);
    expect(a!.name('ann')).toBe(true);
    expect(b!.name('ann')).toBe(true);
    expect(c!.name('ann')).toBe(false);
    c!.leave();
    a!.leave();
    const d = admission.enter('4')!;
    expect(d.name('ann')).toBe(true);
    b!.leave();
    expect(b!.name('ann')).toBe(false);
    expect(admission.enter(undefined)!.name('ann')).toBe(true);
  });
});
