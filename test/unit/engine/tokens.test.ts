/** Tokens of the wrong account, and tokens that expire while the outbox is being sent. */
import { afterEach, describe, expect, it } from 'vitest';
import { AuthError } from '../../../src/errors.ts';
import type { ClockPort } from '../../../src/ports/ports.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { systemClock } from '../../../src/server/system-clock.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

const open: TestTab[] = [];
afterEach(() => {
  for (const tab of open.splice(0)) tab.close();
});
const opened = async (device: TestDevice): Promise<TestTab> => {
  const tab = await device.open();
  open.push(tab);
  return tab;
};

describe('two accounts at once on one device', () => {
  it('I-23: each account has its own outbox, and the token of one account never sends or shows data of the other', async () => {
    const server = createTestServer();
    const [alice, bob] = [new TestDevice('alice', new LoopbackNet(server)), new TestDevice('bob', new LoopbackNet(server))];
    const carol = await opened(new TestDevice('carol', new LoopbackNet(server)));
    // The app mixes up the tokens: alice's client gets bob's token.
    alice.token = bob.token;
    const [aliceTab, bobTab] = [await opened(alice), await opened(bob)];
    await aliceTab.say('carol', 'from alice');
    await carol.say('alice', 'to alice');
    await bobTab.say('carol', 'from bob');
    const { error } = await aliceTab.until({ of: 'connection' }, ({ state }) => state === 'stopped');
    expect(error?.code).toBe('auth/wrong-user');
    await bobTab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await carol.until({ of: 'total-unread' }, (count) => count === 1);
    await expect(aliceTab.engine.query({ do: 'loadOlderMessages', args: ['direct:carol', 10] })).resolves.toMatchObject({ messages: [] });
    expect((await aliceTab.now({ of: 'outbox' })).pending).toBe(1);
    expect(alice.net.sent('submit')).toEqual([]);
    const listed = await carol.now({ of: 'conversations', limit: 9 });
    expect(listed.map(({ id }) => id).sort()).toEqual(['direct:alice', 'direct:bob']);
    expect(listed.find(({ id }) => id === 'direct:alice')?.unreadCount).toBe(0);

    // With her own token, a new client of alice goes on where the first one stopped.
    aliceTab.close();
    alice.token = 'token-of-alice';
    const again = await opened(alice);
    await again.until({ of: 'total-unread' }, (count) => count === 1);
    await carol.until({ of: 'total-unread' }, (count) => count === 2);
    expect(JSON.stringify([...bob.disk.tables].map(([, rows]) => [...rows.values()]))).not.toContain('alice');
  });
});

describe('a token that ends while the outbox is being sent', () => {
  const MESSAGES = 40;

  /** A clock of the server that the test can move: moving it calls the timers that are due. */
  class MovedClock implements ClockPort {
    private aheadMs = 0;
    private readonly due = new Map<() => void, number>();
    wall = (): number => systemClock.wall() + this.aheadMs;
    mono = (): number => systemClock.mono();
    timer(ms: number, fn: () => void) {
      this.due.set(fn, this.wall() + ms);
      return () => void this.due.delete(fn);
    }
    move(ms: number): void {
      this.aheadMs += ms;
      for (const [fn, at] of [...this.due]) {
        if (at > this.wall()) continue;
        this.due.delete(fn);
        fn();
      }
    }
  }

  /** Tokens `alice@1`, `alice@2`, …: the server refuses a token that has expired or was revoked. Frames hold five entries. */
  const sendWhile = async (end: (world: { clock: MovedClock; revoke: (userId: string) => void }) => void) => {
    const clock = new MovedClock();
    const ended = new Set<string>();
    let current = 1;
    const server = createReceiptServer({
      store: createMemoryStore(),
      clock,
      policy: { limits: { entries: 5 } },
      authenticate: (token) => {
        if (ended.has(token)) return Promise.reject(new AuthError('auth/expired', 'ended'));
        return Promise.resolve({ userId: token.split('@')[0]!, expiresAt: clock.wall() + 3_600_000 });
      },
    });
    const bob = new TestDevice('bob', new LoopbackNet(server));
    bob.token = 'bob@1';
    const bobTab = await opened(bob);
    const net = new LoopbackNet(server);
    net.cut();
    const alice = new TestDevice('alice', net);
    let asked = 0;
    const aliceTab = await alice.open({}, undefined, {
      getToken: () => {
        asked++;
        return Promise.resolve(`alice@${current}`);
      },
    });
    open.push(aliceTab);
    for (let n = 0; n < MESSAGES; n++) await aliceTab.say('bob', `${n}`);
    // After the second answer the token ends, with a frame in flight.
    const push = net.crossings.push.bind(net.crossings);
    let answers = 0;
    net.crossings.push = (...more) => {
      if (more[0]?.from === 'server' && more[0].frame.type === 'answer' && ++answers === 2) {
        ended.add(`alice@${current++}`);
        setTimeout(() => end({ clock, revoke: (userId) => server.revoke(userId) }));
      }
      return push(...more);
    };
    net.heal();
    await aliceTab.until({ of: 'outbox' }, ({ pending }) => pending === 0, 15_000);
    await bobTab.until({ of: 'total-unread' }, (count) => count === MESSAGES, 5000);
    const list = await bobTab.until({ of: 'messages', conversationId: 'direct:alice', limit: 100 }, ({ length }) => length === MESSAGES);
    return { net, asked, bodies: list.map(({ body }) => body), seqs: list.map(({ seq }) => seq), hers: aliceTab };
  };
  const inOrder = Array.from({ length: MESSAGES }, (_, n) => `${n}`);

  it.each([
    ['a token expires while the outbox is being sent (F76)', ({ clock }: { clock: MovedClock }) => clock.move(3_700_000)],
    ['a token is revoked while the outbox is being sent (F77)', ({ revoke }: { revoke: (userId: string) => void }) => revoke('alice')],
  ])(
    '%s: no entry is lost or takes effect twice, and sending goes on with the next token',
    async (_how, end) => {
      const { net, asked, bodies, seqs, hers: aliceTab } = await sendWhile(end);
      expect(bodies).toEqual(inOrder);
      expect(seqs).toEqual(inOrder.map((_, n) => n + 1));
      expect(asked).toBe(2);
      // Proof that the token ended in the middle: two connections, each with frames of its own, and every key
      // the same on both.
      const hellos = net.sent('hello').map(({ token }) => token);
      expect(hellos).toEqual(['alice@1', 'alice@2']);
      const at = net.crossings.findIndex(({ frame }) => frame.type === 'hello' && frame.token === 'alice@2');
      const sentAfter = net.crossings.slice(at).filter(({ frame }) => frame.type === 'submit');
      expect(sentAfter.length).toBeGreaterThan(0);
      const keys = new Set(net.sent('submit').flatMap(({ entries }) => entries.map(({ key }) => key)));
      expect(keys.size).toBe(MESSAGES);
      expect(await aliceTab.now({ of: 'dead-letters' })).toEqual([]);
    },
    30_000,
  );
});

it('the client sends the same token again to a server that cannot check tokens now, and does not report the token as forbidden (F123)', async () => {
  let checks = 0;
  const server = createReceiptServer({
    store: createMemoryStore(),
    authenticate: async (token) => {
      if (++checks <= 2) throw new AuthError('auth/unavailable', 'the key server answered 500');
      return { userId: token.slice('token-of-'.length) };
    },
  });
  let asked = 0;
  const aliceTab = await new TestDevice('alice', new LoopbackNet(server)).open({}, undefined, {
    getToken: async () => (asked++, 'token-of-alice'),
  });
  open.push(aliceTab);
  const errors = new Set<string>();
  await aliceTab.until(
    { of: 'connection' },
    ({ state, error }) => {
      if (error) errors.add(`${error.code}: ${error.message}`);
      return state === 'live';
    },
    20_000,
  );
  expect([...errors]).toEqual(['transport/closed: the token cannot be checked now']);
  expect([checks, asked]).toEqual([3, 1]);
}, 30_000);
