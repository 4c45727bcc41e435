import { beforeEach, describe, expect, it } from 'vitest';
import type { PushFrame } from '../../../src/protocol/push.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { createMemoryStore, type MemoryStore } from '../../../src/server/store/memory/memory-store.ts';

describe('directory.counts', () => {
  let server: ReceiptServer;
  let store: MemoryStore;
  let pushes: PushFrame[];
  let logged: unknown[];
  let asked: string[];
  let counts: (sender: string, reader: string) => unknown;

  beforeEach(() => {
    pushes = [];
    logged = [];
    asked = [];
    counts = () => true;
    store = createMemoryStore();
    server = createReceiptServer({
      store,
      authenticate: async (token) => ({ userId: token }),
      directory: {
        counts: (sender, reader) => {
          asked.push(`${sender} ${reader}`);
          return counts(sender, reader) as boolean;
        },
      },
      onMessage: (push) => void pushes.push(push),
      log: (level, event, details) => void logged.push([level, event, details]),
    });
  });

  const outcomes = async (from: string, ...entries: object[]): Promise<readonly string[]> => {
    const { body } = await server.request(
      JSON.stringify([
        { type: 'hello', version: PROTOCOL_VERSION, token: from, userId: from, deviceId: 'd' },
        { type: 'submit', id: 1, entries },
      ]),
    );
    const frames = JSON.parse(body) as readonly { readonly type: string; readonly results?: readonly { readonly outcome: string }[] }[];
    return frames.flatMap(({ results }) => results ?? []).map(({ outcome }) => outcome);
  };
  const message = (conversationId: string, id: string, more: object = {}) => ({
    kind: 'message',
    key: `key of ${id}`,
    conversationId,
    cursor: null,
    id,
    body: '"hi"',
    receiptRequested: false,
    countable: true,
    ...more,
  });
  const uncounted = (): unknown => store.dump().messages.map(({ id, uncountedFor }) => [id, uncountedFor]);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('the host is asked once for each reader of a frame, not for the sender, and not for an uncountable message', async () => {
    await server.createGroup({ groupId: 'crew', members: ['alice', 'bob', 'carol'].map((userId) => ({ userId })) });
    await outcomes('alice', message('group:crew', 'm1'), message('group:crew', 'm2'), message('direct:bob', 'm3'));
    expect(asked.sort()).toEqual(['alice bob', 'alice carol']);
    asked.length = 0;
    await outcomes('alice', message('direct:bob', 'm4', { countable: false }));
    expect(asked).toEqual([]);
  });

  it('an uncounted message makes no push for this reader, and pushes for the others', async () => {
    counts = (_, reader) => reader !== 'bob';
    await server.createGroup({ groupId: 'crew', members: ['alice', 'bob', 'carol'].map((userId) => ({ userId })) });
    await outcomes('alice', message('group:crew', 'm1'), message('direct:bob', 'm2'));
    await settled();
    expect(pushes.map(({ userId, message: { id } }) => [userId, id])).toEqual([['carol', 'm1']]);
    expect(uncounted()).toEqual([
      ['m1', ['bob']],
      ['m2', ['bob']],
    ]);
  });

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['an error', () => Promise.reject(new Error('the host is silent'))],
  ])('the host answers %s: the messages of this conversation wait, and all others go on (F123)', async (_what, answer) => {
    counts = (_, reader) => (reader === 'odd' ? answer() : true);
    expect(await outcomes('alice', message('direct:odd', 'm1'), message('direct:bob', 'm2'))).toEqual(['retry', 'confirmed']);
    expect(logged).toMatchObject([['warn', 'counts-failed', { readers: 1 }]]);
    counts = () => true;
    expect(await outcomes('alice', message('direct:odd', 'm1'))).toEqual(['confirmed']);
  });

  it('a message on its way during the block of its sender does not count, in either order of arrival', async () => {
    let answer = (_: boolean): void => undefined;
    counts = () => new Promise<boolean>((resolve) => (answer = resolve));
    const sent = outcomes('alice', message('direct:bob', 'm1'));
    await settled();
    // The host has decided on its old answer, and the block comes before the message is stored.
    const late = answer;
    counts = () => false;
    await server.countsChanged('bob');
    late(true);
    expect(await sent).toEqual(['confirmed']);
    expect(uncounted()).toEqual([['m1', ['bob']]]);
  });

  it('of two calls at once, the later answers of the host stay', async () => {
    await outcomes('alice', message('direct:bob', 'm1'));
    const answers: ((value: boolean) => void)[] = [];
    counts = () => new Promise<boolean>((resolve) => answers.push(resolve));
    const first = server.countsChanged('bob');
    await settled();
    const slow = answers.shift()!;
    counts = () => false;
    await server.countsChanged('bob');
    slow(true);
    await first;
    expect(uncounted()).toEqual([['m1', ['bob']]]);
  });

  it('countsChanged refuses an invalid user id, and without directory.counts every message counts again', async () => {
    await expect(server.countsChanged('')).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    counts = () => false;
    await outcomes('alice', message('direct:bob', 'm1'));
    const plain = createReceiptServer({
      store: createMemoryStore({ from: store.dump() }),
      authenticate: async (token) => ({ userId: token }),
    });
    await plain.countsChanged('bob');
    const { body } = await plain.request(
      JSON.stringify([
        { type: 'hello', version: PROTOCOL_VERSION, token: 'bob', userId: 'bob', deviceId: 'd' },
        { type: 'pull', cursor: null },
      ]),
    );
    expect(body).toContain('"uncounted":[]');
  });
});
