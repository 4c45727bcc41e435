import { afterEach, describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import { startProxy } from '../support/http-proxy.ts';
import { authenticate, hello, messageTo, receiptsTo, post, startTestServer, TestClient, type TestServer } from './server-harness.ts';

let running: TestServer | undefined;
const clients: TestClient[] = [];
const start = async (...args: Parameters<typeof startTestServer>): Promise<TestServer> => (running = await startTestServer(...args));
const signIn = async (userId: string, deviceId?: string): Promise<TestClient> => {
  const client = await TestClient.signIn(running!.url, userId, deviceId);
  clients.push(client);
  return client;
};
const open = async (headers?: Record<string, string>, query = ''): Promise<TestClient> => {
  const client = await TestClient.open(running!.url + query, headers);
  clients.push(client);
  return client;
};

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running?.close();
  running = undefined;
});

describe('two users on one server', () => {
  it('a message reaches the peer without a request, and its receipts come back', async () => {
    await start();
    const alice = await signIn('alice');
    const bob = await signIn('bob');
    for (const client of [alice, bob]) {
      client.send({ type: 'pull', cursor: null });
      expect(await client.next('changes')).toMatchObject({ from: null, rows: [], complete: true });
    }

    alice.send({ type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] });
    const { results } = await alice.next('answer');
    expect(results).toMatchObject([{ outcome: 'confirmed', message: { seq: 1 }, row: { conversationId: 'direct:bob', latestSeq: 1 } }]);

    const news = await bob.next('changes');
    expect(news.rows).toMatchObject([{ conversationId: 'direct:alice', latestSeq: 1, readUpTo: 0, uncounted: [] }]);
    expect(news.messages).toMatchObject([{ conversationId: 'direct:alice', messages: [{ id: 'm1', senderId: 'alice', body: '"hi"' }] }]);
    await alice.next('changes');

    bob.send({ type: 'submit', id: 2, entries: [receiptsTo('alice', { delivered: [[1, 1]], read: [[1, 1]], position: 1 }, bob.cursor)] });
    expect((await bob.next('answer')).results).toMatchObject([{ outcome: 'confirmed', row: { readUpTo: 1, mine: { read: [[1, 1]] } } }]);
    const answered = await alice.next('changes');
    expect(answered.rows).toMatchObject([{ theirs: { delivered: [[1, 1]], read: [[1, 1]] }, readUpTo: 0 }]);
    expect(answered.steps.map(({ by, kind, range }) => ({ by, kind, range }))).toEqual([
      { by: 'bob', kind: 'delivered', range: [1, 1] },
      { by: 'bob', kind: 'read', range: [1, 1] },
    ]);
  });

  it('every frame of changes starts at the end of the frame before (F69)', async () => {
    await start();
    const alice = await signIn('alice');
    const bob = await signIn('bob');
    bob.send({ type: 'pull', cursor: null });
    let at = (await bob.next('changes')).to;
    for (let i = 1; i <= 10; i++) alice.send({ type: 'submit', id: i, entries: [messageTo('bob', `m${i}`)] });
    let latest = 0;
    while (latest < 10) {
      const frame = await bob.next('changes');
      expect(frame.from).toBe(at);
      at = frame.to;
      latest = Math.max(latest, ...frame.rows.map(({ latestSeq }) => latestSeq));
    }
    expect(latest).toBe(10);
  });

  it('a client with a token of another user gets this error only', async () => {
    await start();
    const client = await open();
    client.send(hello('alice', 'bob'));
    client.send({ type: 'pull', cursor: null });
    expect(await client.next('error')).toMatchObject({ code: 'auth/wrong-user' });
    expect(await client.closed).toMatchObject({ code: CLOSE.wrongUser });
    expect(client.frames).toEqual([]);
  });
});

describe('the handshake', () => {
  it.each([
    ['a refused token', hello('alice', 'bad'), 'auth/forbidden', CLOSE.unauthorized],
    ['an expired token', hello('alice', `alice@${Date.now() - 1000}`), 'auth/expired', CLOSE.unauthorized],
    ['an unknown version (F105)', { ...hello('alice'), version: 99 }, 'protocol/version-unsupported', CLOSE.versionUnsupported],
    ['another frame than hello', { type: 'ping' } as const, 'auth/forbidden', CLOSE.unauthorized],
  ])('the server refuses a handshake with %s, and answers nothing else', async (_what, first, code, close) => {
    await start();
    const client = await open();
    client.send(first);
    client.send({ type: 'pull', cursor: null });
    expect(await client.next('error')).toMatchObject({ code });
    expect(await client.closed).toMatchObject({ code: close });
    expect(client.frames).toEqual([]);
  });

  it('frames of a single flight are answered in order, after the welcome', async () => {
    await start();
    const client = await open();
    client.send(hello('alice'));
    client.send({ type: 'pull', cursor: null });
    client.send({ type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] });
    client.send({ type: 'ping' });
    await client.next('pong');
    expect(client.frames.map(({ type }) => type)).toEqual(['welcome', 'changes', 'answer', 'changes']);
  });

  it('a connection ends with its token, unless the client sends a fresh token (F76)', async () => {
    await start();
    const client = await open();
    client.send(hello('alice', `alice@${Date.now() + 300}`));
    const { expiresInMs } = await client.next('welcome');
    expect(expiresInMs).toBeGreaterThan(0);
    expect(expiresInMs).toBeLessThanOrEqual(300);
    client.send({ type: 'auth', token: `alice@${Date.now() + 700}` });
    await client.next('welcome');
    await new Promise((resolve) => setTimeout(resolve, 400));
    client.send({ type: 'ping' });
    await client.next('pong');
    expect(await client.closed).toMatchObject({ code: CLOSE.unauthorized });
    expect(client.frames).toMatchObject([{ type: 'error', code: 'auth/expired' }]);
  });

  it('a connection cannot change its account', async () => {
    await start();
    const client = await signIn('alice');
    client.send({ type: 'auth', token: 'bob' });
    expect(await client.next('error')).toMatchObject({ code: 'auth/wrong-user' });
    expect(await client.closed).toMatchObject({ code: CLOSE.wrongUser });
  });

  it('revoking a user closes the user’s connections, and no others (F77)', async () => {
    await start();
    const alice = await signIn('alice');
    const bob = await signIn('bob');
    void running!.server.revoke('alice');
    expect(await alice.closed).toMatchObject({ code: CLOSE.unauthorized });
    bob.send({ type: 'ping' });
    await bob.next('pong');
  });

  it('the server answers "starting" until its store is open (F75)', async () => {
    let opened: (store: ServerStore) => void = () => undefined;
    const { host } = await start({ store: new Promise<ServerStore>((resolve) => (opened = resolve)) });
    const early = await open();
    expect(await early.closed).toMatchObject({ code: CLOSE.tryLater });
    expect(await post(host, [hello('alice')])).toMatchObject({ status: 503, frames: [{ code: 'server/busy' }] });
    opened(createMemoryStore());
    await new Promise((resolve) => setTimeout(resolve));
    expect(await post(host, [hello('alice')])).toMatchObject({ status: 200, frames: [{ type: 'welcome' }] });
  });

  it('a closing server asks every client to come back', async () => {
    await start();
    const alice = await signIn('alice');
    await running!.close();
    expect(await alice.closed).toMatchObject({ code: CLOSE.restart });
    running = undefined;
  });
});

describe('hostile input', () => {
  it('each bad frame is answered, and the connection stays open (F101, F103, F104)', async () => {
    await start();
    const client = await signIn('alice');
    const bad = [
      '{',
      '[]',
      '{"type":"shout"}',
      '{"type":"pull","cursor":1}',
      '{"type":"ping","__proto__":{"isAdmin":true}}',
      `${'['.repeat(9)}${']'.repeat(9)}`,
      '{"type":"fetch","id":1e309,"wants":[]}',
      '{"type":"hello"}',
    ];
    for (const text of bad) {
      client.sendText(text);
      expect(await client.next('error'), text).toMatchObject({ code: 'protocol/bad-frame' });
    }
    client.sendText('{"type":"fetch","id":5,"wants":[]}');
    expect(await client.next('error')).toMatchObject({ id: 5 });
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.next('error')).toMatchObject({ code: 'protocol/bad-frame' });
    client.send({ type: 'ping' });
    await client.next('pong');
    expect('isAdmin' in {}).toBe(false);
  });

  it('the server closes the connection of a client with only bad frames', async () => {
    await start();
    const client = await signIn('alice');
    for (let i = 0; i < 40; i++) client.sendText('{');
    expect(await client.closed).toMatchObject({ code: 1008 });
  });

  it('the server closes a connection on a frame over 64 KiB and on more than 64 fragments (F98, F99)', async () => {
    await start();
    const large = await signIn('alice');
    large.sendText(JSON.stringify({ type: 'ping', filler: 'x'.repeat(64 * 1024) }));
    expect(await large.closed).toMatchObject({ code: CLOSE.frameTooLarge });
    const crumbs = await signIn('alice');
    for (let i = 0; i < 100; i++) crumbs.socket.send(' ', { fin: i === 99 });
    expect((await crumbs.closed).code).not.toBe(CLOSE.normal);
  });

  it('the server declines the compression offered by a client (F100)', async () => {
    await start();
    const client = await signIn('alice');
    expect(client.socket.extensions).toBe('');
  });

  it('a frame full of unknown keys is refused, and a larger frame closes the connection (F102)', async () => {
    await start();
    const keys = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0])));
    const client = await signIn('alice');
    client.sendText(keys(5000));
    expect(await client.next('error')).toMatchObject({ code: 'protocol/bad-frame' });
    client.sendText(keys(100_000));
    expect(await client.closed).toMatchObject({ code: CLOSE.frameTooLarge });
  });

  it('a client with too many frames gets the time to come back, and its connection stays open (F107)', async () => {
    await start({ policy: { rate: { perSecond: 10, burst: 20 } } });
    const client = await signIn('alice');
    const entries = Array.from({ length: 20 }, (_, i) => messageTo('bob', `m${i}`));
    client.send({ type: 'submit', id: 1, entries });
    client.send({ type: 'submit', id: 2, entries });
    await client.next('answer');
    const busy = await client.next('error');
    expect(busy).toMatchObject({ code: 'server/busy', id: 2 });
    expect(busy.retryAfterMs).toBeGreaterThan(500);
    const other = await signIn('bob');
    other.send({ type: 'submit', id: 1, entries: [messageTo('alice', 'other')] });
    expect((await other.next('answer')).results).toMatchObject([{ outcome: 'confirmed' }]);
  });

  it('the server takes the identity from the session, never from a frame (I-24)', async () => {
    await start();
    const client = await signIn('alice');
    const spoofs = ['senderId', 'from', 'userId', 'readAt', 'sentAt', 'deviceId'].map((field) => ({
      ...messageTo('bob', `m-${field}`),
      [field]: field.endsWith('At') ? 1 : 'bob',
    }));
    client.send({ type: 'submit', id: 1, entries: spoofs });
    const { results } = await client.next('answer');
    expect(results.map((one) => one.outcome === 'rejected' && one.code)).toEqual(spoofs.map(() => 'rejected/unsupported'));
  });

  it('requests about hidden messages get exactly the answers of requests about missing messages', async () => {
    await start();
    await running!.server.publish({ from: 'bob', to: { user: 'carol' }, body: 'secret' });
    const client = await signIn('alice');
    const ask = async (conversationId: `direct:${string}` | `group:${string}`): Promise<unknown> => {
      client.send({ type: 'submit', id: 1, entries: [{ ...receiptsTo('x', { position: 1 }), key: 'same', conversationId }] });
      return client.next('answer');
    };
    const nowhere = await ask('direct:nobody');
    for (const one of ['direct:carol', 'direct:bob', 'group:g'] as const) expect(await ask(one)).toEqual(nowhere);
    client.send({ type: 'fetch', id: 2, wants: [{ conversationId: 'direct:carol', seqs: [[1, 9]], limit: 9 }] });
    expect(await client.next('messages')).toMatchObject({ of: [], complete: true });
  });

  it('the directory decides which user may write to which, and a written message stays', async () => {
    let friends = true;
    await start({ directory: { mayMessage: () => friends } });
    const client = await signIn('alice');
    const entry = messageTo('bob', 'm1');
    client.send({ type: 'submit', id: 1, entries: [entry] });
    await client.next('answer');
    friends = false;
    client.send({ type: 'submit', id: 2, entries: [entry, messageTo('bob', 'm2')] });
    expect((await client.next('answer')).results).toMatchObject([
      { outcome: 'confirmed', message: { seq: 1 } },
      { outcome: 'rejected', code: 'rejected/permission-denied' },
    ]);
  });

  it('entries are answered with `retry` when the store fails, and nothing is half done (F72)', async () => {
    const memory = createMemoryStore();
    let failures = 3;
    const store: ServerStore = {
      ...memory,
      tx: (name, body) =>
        memory.tx(name, async (tx) => {
          const result = await body(tx);
          if (failures-- > 0) throw new Error('could not serialize access');
          return result;
        }),
    };
    await start({ store });
    const client = await signIn('alice');
    client.send({ type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] });
    expect((await client.next('answer')).results).toMatchObject([{ outcome: 'confirmed', message: { seq: 1 } }]);
    failures = 5;
    client.send({ type: 'submit', id: 2, entries: [messageTo('bob', 'm2')] });
    expect((await client.next('answer')).results).toMatchObject([{ outcome: 'retry', retryAfterMs: 1000 }]);
    client.send({ type: 'submit', id: 3, entries: [messageTo('bob', 'm2')] });
    expect((await client.next('answer')).results).toMatchObject([{ outcome: 'confirmed', message: { seq: 2 } }]);
  });
});

describe('origins and tokens', () => {
  const refused = async (headers: Record<string, string>, query = ''): Promise<string> => {
    try {
      const client = await open(headers, query);
      client.send(hello('alice'));
      const answer = await Promise.any([client.next('welcome'), client.next('error')]);
      const isTaken = answer.type === 'welcome';
      if (!isTaken) expect(await client.closed).toEqual({ code: CLOSE.originRefused, reason: 'auth/origin-refused' });
      client.close();
      return isTaken ? 'taken' : '403';
    } catch (error) {
      return error instanceof Error ? error.message.slice(0, 3) : 'odd';
    }
  };

  it('the server accepts pages of its own host and clients other than pages, and refuses all others', async () => {
    const { host } = await start();
    const port = host.split(':')[1]!;
    const table: [Record<string, string>, string][] = [
      [{}, 'taken'],
      [{ Origin: `http://${host}` }, 'taken'],
      [{ Origin: `HTTP://${host}` }, '403'],
      [{ Origin: 'null' }, '403'],
      [{ Origin: 'http://127.0.0.1' }, '403'],
      [{ Origin: `http://127.0.0.1:${Number(port) + 1}` }, '403'],
      [{ Origin: `http://localhost:${port}` }, '403'],
      [{ Origin: `http://127.0.0.1:${port}.evil.example` }, '403'],
      [{ Origin: `http://evil.example/@127.0.0.1:${port}` }, '403'],
      [{ Origin: `http://x@127.0.0.1:${port}` }, '403'],
      [{ Origin: `http://[::1]:${port}` }, '403'],
      [{ Origin: `http://sub.127.0.0.1:${port}` }, '403'],
      [{ Origin: '' }, '403'],
    ];
    for (const [headers, outcome] of table) {
      expect(await refused(headers), JSON.stringify(headers)).toBe(outcome);
      const { status } = await post(host, [hello('alice')], headers);
      expect(status, JSON.stringify(headers)).toBe(outcome === 'taken' ? 200 : 403);
    }
  });

  it('a page of another origin learns the reason over WebSocket and HTTP, and nothing else (F128)', async () => {
    const asked: string[] = [];
    const { host } = await start({ authenticate: async (userId) => (asked.push(userId), { userId }) });
    const origin = 'http://localhost:5173';
    const client = await open({ Origin: origin });
    client.send(hello('alice'));
    const { code, message } = await client.next('error');
    expect([code, message]).toEqual(['auth/origin-refused', expect.stringContaining('allowedOrigins')]);
    expect(message).toContain(`"${origin}" is not the server's host "${host}"`);
    expect(await client.closed).toMatchObject({ code: CLOSE.originRefused });

    // A browser sends a preflight before a POST, and shows the page no answer without this header.
    const preflight = await fetch(`http://${host}/receipts`, { method: 'OPTIONS', headers: { Origin: origin } });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'Content-Type']);
    const { status, frames, headers } = await post(host, [hello('alice')], { Origin: origin });
    expect([status, frames]).toEqual([403, [{ type: 'error', code, message }]]);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(client.frames).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('the refusal names both hosts if a proxy changes the host; if the proxy passes the host on, the page is accepted (F128)', async () => {
    const { host } = await start();
    const proxies = await Promise.all([startProxy(host, 'rewrites'), startProxy(host, 'passes')]);
    const [rewriting, passing] = proxies;
    try {
      const refused = await TestClient.open(`ws://${rewriting.host}/receipts`, { Origin: `http://${rewriting.host}` });
      const { code, message } = await refused.next('error');
      expect(code).toBe('auth/origin-refused');
      expect(message).toContain(`"http://${rewriting.host}" is not the server's host "${host}"`);
      expect(message).toContain('let the proxy pass the Host header on');
      const { status, frames } = await post(rewriting.host, [hello('alice')], { Origin: `http://${rewriting.host}` });
      expect([status, frames]).toMatchObject([403, [{ code, message }]]);

      const taken = await TestClient.open(`ws://${passing.host}/receipts`, { Origin: `http://${passing.host}` });
      taken.send(hello('alice'));
      await taken.next('welcome');
      expect((await post(passing.host, [hello('alice')], { Origin: `http://${passing.host}` })).status).toBe(200);
      for (const client of [refused, taken]) client.close();
    } finally {
      for (const proxy of proxies) proxy.close();
    }
  });

  it('an allowed origin unknown to browsers is refused by name when the server is created (F128)', () => {
    const made =
      (...allowedOrigins: string[]) =>
      () =>
        createReceiptServer({ store: createMemoryStore(), authenticate, allowedOrigins });
    for (const wrong of [
      '*',
      'chat.example',
      'https://chat.example/',
      'https://chat.example/app',
      'https://CHAT.example',
      'https://chat.example:443',
      '',
    ])
      expect(made('https://chat.example', wrong), wrong).toThrow(
        `allowedOrigins are exact origins, such as "https://chat.example"; got ${JSON.stringify(wrong)}`,
      );
    expect(made('https://chat.example/')).toThrow('did you mean "https://chat.example"?');
    for (const right of ['http://localhost:5173', 'https://chat.example', 'capacitor://localhost', 'chrome-extension://abcdef', 'null'])
      expect(made(right), right).not.toThrow();
  });

  it('listed origins are accepted exactly, and no others', async () => {
    const { host } = await start({ allowedOrigins: ['https://chat.example'] });
    expect(await refused({ Origin: 'https://chat.example' })).toBe('taken');
    for (const Origin of [
      'https://chat.example:8443',
      'http://chat.example',
      'https://CHAT.example',
      'https://a.chat.example',
      `http://${host}`,
    ])
      expect(await refused({ Origin }), Origin).toBe('403');
    const { headers } = await post(host, [hello('alice')], { Origin: 'https://chat.example' });
    expect(headers.get('access-control-allow-origin')).toBe('https://chat.example');
    const preflight = await fetch(`http://${host}/receipts`, { method: 'OPTIONS', headers: { Origin: 'https://chat.example' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('Content-Type');
  });

  it.each(['?token=x', '?bearer=x', '?auth=x', '?a=1&access_token=x', '?x', '?%74oken=x', '?;token=x', '?\u00a0=x'])(
    'the query %s in the URL is refused over WebSocket and HTTP, with the reason (F124)',
    async (query) => {
      const { host } = await start();
      await expect(open({}, query)).rejects.toThrow(/^400 .*the URL takes no query/);
      const response = await fetch(`http://${host}/receipts${query}`, { method: 'POST', body: JSON.stringify([hello('alice')]) });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('the URL takes no query');
      (await open({}, '?')).close();
    },
  );
});

describe('the HTTP endpoint', () => {
  it('an HTTP request has the effects of a WebSocket', async () => {
    const { host } = await start();
    const listener = await signIn('bob');
    listener.send({ type: 'pull', cursor: null });
    await listener.next('changes');
    const { status, frames } = await post(host, [
      hello('alice'),
      { type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] },
      { type: 'pull', cursor: null },
      { type: 'fetch', id: 2, wants: [{ conversationId: 'direct:bob', seqs: [[1, 5]], limit: 5 }] },
      { type: 'pull', cursor: 'nonsense' },
      { type: 'ping' },
    ]);
    expect(status).toBe(200);
    expect(frames.map(({ type }) => type)).toEqual(['welcome', 'answer', 'changes', 'messages', 'messages', 'error', 'pong']);
    expect(frames[5]).toMatchObject({ code: 'protocol/cursor-unknown' });
    expect((await listener.next('changes')).rows).toMatchObject([{ conversationId: 'direct:alice', latestSeq: 1 }]);
  });

  it.each([
    ['no JSON', '<', 400],
    ['no array', '{}', 400],
    ['an empty array', '[]', 400],
    ['no hello', '[{"type":"ping"}]', 400],
    ['a malformed frame', JSON.stringify([hello('alice'), { type: 'x' }]), 400],
    ['another version', JSON.stringify([{ ...hello('alice'), version: 2 }]), 400],
    ['a refused token', JSON.stringify([hello('alice', 'bad')]), 401],
    ['an expired token', JSON.stringify([hello('alice', 'alice@1')]), 401],
    ['a token of another user', JSON.stringify([hello('alice', 'bob')]), 403],
    ['more than 64 KiB', JSON.stringify('x'.repeat(64 * 1024)), 413],
  ])('an HTTP request with %s is refused with one error', async (_what, body, status) => {
    const { host } = await start();
    const answer = await post(host, body);
    expect(answer.status).toBe(status);
    expect(answer.frames).toMatchObject([{ type: 'error' }]);
    expect(answer.headers.get('content-type')).toBe('application/json');
  });

  it('other paths are left to the host', async () => {
    const { host } = await start();
    expect(await (await fetch(`http://${host}/elsewhere`)).text()).toBe('elsewhere');
    expect((await fetch(`http://${host}/receipts`)).status).toBe(405);
    await expect(TestClient.open(`ws://${host}/elsewhere`)).rejects.toThrow();
  });
});

describe('a slow reader', () => {
  it('a slow reader gets fewer frames, is closed at last, and never delays the server (F109)', async () => {
    const server = createReceiptServer({ store: createMemoryStore(), authenticate });
    running = undefined;
    const sent: string[] = [];
    let closedWith: number | undefined;
    let buffered = 0;
    const connection = server.connect({
      send: (text) => {
        sent.push(text);
        buffered += text.length;
      },
      close: (code) => (closedWith = code),
      get buffered() {
        return buffered;
      },
    })!;
    connection.receive(JSON.stringify(hello('bob')));
    connection.receive(JSON.stringify({ type: 'pull', cursor: null }));
    await connection.settled();
    buffered = 300 * 1024; // the server may send no more to this socket
    const before = sent.length;
    for (let i = 0; i < 50; i++) await server.publish({ from: 'alice', to: { user: 'bob' }, body: 'x' });
    expect(sent.length).toBe(before);
    buffered = 0;
    await connection.settled();
    const frames = sent
      .slice(before)
      .map((text) => JSON.parse(text) as { rows: { latestSeq: number }[]; messages: { messages: unknown[] }[] });
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ rows: [{ latestSeq: 50 }] });
    expect(frames[0]!.messages[0]!.messages).toHaveLength(50);
    expect(closedWith).toBeUndefined();
    await server.close();
    expect(closedWith).toBe(CLOSE.restart);
  });
});
