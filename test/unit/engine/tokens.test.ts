/** Tokens of the wrong account, and tokens with an expiry during the sending of the outbox. */
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../../src/errors.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { framesOf, goOffline, goOnline, openDevice, openTab, sentBy } from '../../support/on-tab.ts';

describe('two accounts at once on one device', () => {
  it('I-23: each account has its own outbox, and the token of one account never sends or shows data of the other', async () => {
    const world = createTestWorld();
    // The app mixes up the tokens: alice's client gets bob's token.
    let alicesToken = world.server.token('bob');
    const phone = world.device('alice', 'phone', async () => alicesToken);
    const sent = sentBy(phone);
    const [, carol] = await openDevice(world, 'carol');
    const alice = await openTab(world, phone);
    const [bobsDevice, bob] = await openDevice(world, 'bob');
    await alice.say('carol', 'from alice');
    await carol.say('alice', 'to alice');
    await bob.say('carol', 'from bob');
    const { error } = await alice.until({ of: 'connection' }, ({ state }) => state === 'stopped');
    expect(error?.code).toBe('auth/wrong-user');
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await carol.until({ of: 'total-unread' }, (count) => count === 1);
    await expect(alice.ask('loadOlderMessages', 'direct:carol', 10)).resolves.toMatchObject({ messages: [] });
    await world.pass(60_000);
    expect((await alice.now({ of: 'outbox' })).pending).toBe(1);
    expect(framesOf('submit', [...sent.sockets, ...sent.requests])).toEqual([]);
    const listed = await carol.now({ of: 'conversations', limit: 9 });
    expect(listed.map(({ id }) => id).sort()).toEqual(['direct:alice', 'direct:bob']);
    expect(listed.find(({ id }) => id === 'direct:alice')?.unreadCount).toBe(0);

    // With her own token, a new client of alice goes on where the first one stopped.
    await alice.close();
    alicesToken = world.server.token('alice');
    const again = await openTab(world, phone);
    await again.until({ of: 'total-unread' }, (count) => count === 1);
    await carol.until({ of: 'total-unread' }, (count) => count === 2);
    expect(JSON.stringify([...bobsDevice.disk.rows].map(([, rows]) => [...rows.values()]))).not.toContain('alice');
  });
});

describe('a token with its end during the sending of the outbox', () => {
  const MESSAGES = 40;

  /** Frames hold five entries. The token of alice ends with a frame in flight, by its time or by the host's call. */
  const sendWhile = async (ends: 'expired' | 'revoked') => {
    const world = createTestWorld({ policy: { limits: { entries: 5 } } });
    const { server } = world;
    const [, bob] = await openDevice(world, 'bob');
    const given: string[] = [];
    const phone = world.device('alice', 'phone', async () => {
      // The frames of one connection take longer than the first token lives.
      const endsAt = ends === 'expired' && given.length === 0 ? world.time.now + 1000 : null;
      given.push(server.token('alice', endsAt));
      return given.at(-1)!;
    });
    phone.network.set({ delayMs: 100 });
    goOffline(phone);
    const alice = await openTab(world, phone);
    for (let n = 0; n < MESSAGES; n++) await alice.say('bob', `${n}`);
    const sent = sentBy(phone);
    let answers = 0;
    phone.network.arrives = (_, frame) => {
      if (frame.type === 'answer' && ++answers === 2 && ends === 'revoked') void server.host.revoke('alice');
    };
    goOnline(phone);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await bob.until({ of: 'total-unread' }, (count) => count === MESSAGES);
    const list = await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 100 }, ({ length }) => length === MESSAGES);
    return { sent: sent.sockets, answers, given, bodies: list.map(({ body }) => body), seqs: list.map(({ seq }) => seq), alice };
  };
  const inOrder = Array.from({ length: MESSAGES }, (_, n) => `${n}`);

  it.each([
    ['a token expires while the outbox is being sent (F76)', 'expired'],
    ['a token is revoked while the outbox is being sent (F77)', 'revoked'],
  ] as const)('%s: no entry is lost or takes effect twice, and sending goes on with the next token', async (_how, ends) => {
    const { sent, answers, given, bodies, seqs, alice } = await sendWhile(ends);
    expect(bodies).toEqual(inOrder);
    expect(seqs).toEqual(inOrder.map((_, n) => n + 1));
    expect(given).toHaveLength(2);
    // Proof of a token end in the middle: two connections, each with frames of its own, a frame without an
    // answer, and every key the same on both.
    expect(framesOf('hello', sent).map(({ token }) => token)).toEqual(given);
    const at = sent.findIndex((text) => text.includes(given[1]!));
    for (const part of [sent.slice(0, at), sent.slice(at)]) expect(framesOf('submit', part).length).toBeGreaterThan(0);
    expect(framesOf('submit', sent).length).toBeGreaterThan(answers);
    const keys = new Set(framesOf('submit', sent).flatMap(({ entries }) => entries.map(({ key }) => key)));
    expect(keys.size).toBe(MESSAGES);
    expect(await alice.now({ of: 'dead-letters' })).toEqual([]);
  });
});

it('the client sends the same token again to a server without a working token check, and does not report the token as forbidden (F123)', async () => {
  const world = createTestWorld();
  let checks = 0;
  world.server.accepts = () => {
    if (++checks <= 2) throw new AuthError('auth/unavailable', 'the key server answered 500');
    return true;
  };
  let asked = 0;
  const token = world.server.token('alice');
  const alice = await openTab(
    world,
    world.device('alice', 'phone', async () => (asked++, token)),
  );
  const errors = new Set<string>();
  await alice.until({ of: 'connection' }, ({ state, error }) => {
    if (error) errors.add(`${error.code}: ${error.message}`);
    return state === 'live';
  });
  expect([...errors]).toEqual(['transport/closed: the token cannot be checked now']);
  expect([checks, asked]).toEqual([3, 1]);
});
