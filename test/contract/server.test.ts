import { afterEach, describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { hello, messageTo, owed, startTestServer, TestClient, type TestServer } from './server-harness.ts';

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
  it('a message reaches the peer by itself, and the receipts for it come back', async () => {
    await start();
    const alice = await signIn('alice');
    const bob = await signIn('bob');
    for (const client of [alice, bob]) {
      client.send({ type: 'pull', cursor: null });
      expect(await client.next('changes')).toMatchObject({ from: null, rows: [], complete: true });
    }

    alice.send({ type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] });
    const { results } = await alice.next('answer');
    expect(results).toMatchObject([{ outcome: 'acked', message: { seq: 1 }, row: { conversationId: 'direct:bob', latestSeq: 1 } }]);

    const news = await bob.next('changes');
    expect(news.rows).toMatchObject([{ conversationId: 'direct:alice', latestSeq: 1, readUpTo: 0, uncounted: [] }]);
    expect(news.messages).toMatchObject([{ conversationId: 'direct:alice', messages: [{ id: 'm1', senderId: 'alice', body: '"hi"' }] }]);
    await alice.next('changes');

    bob.send({ type: 'submit', id: 2, entries: [owed('alice', { delivered: [[1, 1]], read: [[1, 1]], position: 1 }, bob.cursor)] });
    expect((await bob.next('answer')).results).toMatchObject([{ outcome: 'acked', row: { readUpTo: 1, mine: { read: [[1, 1]] } } }]);
    const told = await alice.next('changes');
    expect(told.rows).toMatchObject([{ theirs: { delivered: [[1, 1]], read: [[1, 1]] }, readUpTo: 0 }]);
    expect(told.steps.map(({ by, kind, range }) => ({ by, kind, range }))).toEqual([
      { by: 'bob', kind: 'delivered', range: [1, 1] },
      { by: 'bob', kind: 'read', range: [1, 1] },
    ]);
  });

  it('every frame starts where the one before it ended', async () => {
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

  it('somebody else named by the token is told nothing but that', async () => {
    await start();
    const client = await open();
    client.send(hello('alice', 'bob'));
    client.send({ type: 'pull', cursor: null });
    expect(await client.next('error')).toMatchObject({ code: 'auth/wrong-user' });
    expect(await client.closed).toMatchObject({ code: CLOSE.wrongUser });
    expect(client.frames).toEqual([]);
  });
});
