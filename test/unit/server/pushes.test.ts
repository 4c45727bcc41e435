import { beforeEach, describe, expect, it } from 'vitest';
import { decodePush } from '../../../src/protocol/codec.ts';
import type { PushFrame } from '../../../src/protocol/push.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';

describe('the pushes that a host gets from the server', () => {
  let pushes: PushFrame[];
  let server: ReceiptServer;
  let fails = false;

  beforeEach(() => {
    pushes = [];
    fails = false;
    server = createReceiptServer({
      store: createMemoryStore(),
      authenticate: async (token) => ({ userId: token }),
      onMessage: (push) => {
        pushes.push(push);
        if (fails) throw new Error('the push service is down');
      },
    });
  });

  const submit = async (from: string, ...entries: object[]): Promise<{ status: number; body: string }> =>
    server.request(
      JSON.stringify([
        { type: 'hello', version: PROTOCOL_VERSION, token: from, userId: from, deviceId: 'd' },
        { type: 'submit', id: 1, entries },
      ]),
    );
  const message = (conversationId: string, id: string, countable = true) => ({
    kind: 'message',
    key: `key of ${id}`,
    conversationId,
    cursor: null,
    id,
    body: '"secret"',
    receiptRequested: conversationId.startsWith('direct:'),
    countable,
  });

  it('the push for a direct message goes to the peer, names the chat as the peer does, and has no text', async () => {
    await submit('alice', message('direct:bob', 'm1'));
    expect(pushes).toMatchObject([
      {
        type: 'push',
        userId: 'bob',
        conversationId: 'direct:alice',
        message: { id: 'm1', seq: 1, senderId: 'alice', receiptRequested: true, countable: true },
      },
    ]);
    const text = JSON.stringify(pushes[0]);
    expect(text).not.toContain('secret');
    expect(decodePush(text)).toEqual(pushes[0]);
  });

  it('a group message makes one push for each member except the sender', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }, { userId: 'carol' }] });
    await server.publish({ from: 'alice', to: { group: 'crew' }, body: 'secret', id: 'm1' });
    expect(pushes.map(({ userId, conversationId }) => [userId, conversationId])).toEqual([
      ['bob', 'group:crew'],
      ['carol', 'group:crew'],
    ]);
  });

  it('a push comes once, and not for a repeated, rejected, uncountable or at once recalled message', async () => {
    await submit('alice', message('direct:bob', 'm1'));
    await submit('alice', message('direct:bob', 'm1'), message('group:of-others', 'm2'), message('direct:bob', 'm3', false));
    await submit('alice', message('direct:bob', 'm4'), { kind: 'recall', key: 'k', conversationId: 'direct:bob', cursor: null, id: 'm4' });
    expect(pushes.map((push) => push.message.id)).toEqual(['m1']);
  });

  it('an onMessage of the host that throws does not disturb the server', async () => {
    fails = true;
    const { status, body } = await submit('alice', message('direct:bob', 'm1'));
    expect(status).toBe(200);
    expect(body).toContain('"confirmed"');
  });
});
