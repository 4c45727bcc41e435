/** Whose token it is, and what happens when it ends while something is being sent. */
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
  it("I-23: each has its own outbox, and the token of one never sends or shows what is the other's", async () => {
    const server = createTestServer();
    const [alice, bob] = [new TestDevice('alice', new LoopbackNet(server)), new TestDevice('bob', new LoopbackNet(server))];
    const carol = await opened(new TestDevice('carol', new LoopbackNet(server)));
    // The app mixes them up: alice's client is given bob's token.
    alice.token = bob.token;
    const [hers, his] = [await opened(alice), await opened(bob)];
    await hers.say('carol', 'from alice');
    await carol.say('alice', 'to alice');
    await his.say('carol', 'from bob');
    const { error } = await hers.until({ of: 'connection' }, ({ state }) => state === 'stopped');
    expect(error?.code).toBe('auth/wrong-user');
    await his.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await carol.until({ of: 'total-unread' }, (count) => count === 1);
    await expect(hers.engine.query({ do: 'loadOlderMessages', args: ['direct:carol', 10] })).resolves.toMatchObject({ messages: [] });
    expect((await hers.now({ of: 'outbox' })).pending).toBe(1);
    expect(alice.net.sent('submit')).toEqual([]);
    const listed = await carol.now({ of: 'conversations', limit: 9 });
    expect(listed.map(({ id }) => id).sort()).toEqual(['direct:alice', 'direct:bob']);
    expect(listed.find(({ id }) => id === 'direct:alice')?.unreadCount).toBe(0);

    // Given her own, a new client of hers goes on where she was.
    hers.close();
    alice.token = 'token-of-alice';
    const again = await opened(alice);
    await again.until({ of: 'total-unread' }, (count) => count === 1);
    await carol.until({ of: 'total-unread' }, (count) => count === 2);
    expect(JSON.stringify([...bob.disk.tables].map(([, rows]) => [...rows.values()]))).not.toContain('alice');
  });
});

describe('a token that ends in the middle of a drain', () => {
  const MESSAGES = 40;

  /** A clock of the server's that can be moved: what is due then is called. */
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

  /** Tokens `alice@1`, `alice@2`, … : one that ended or was revoked is not taken again. Frames of five entries. */
  const drained = async (end: (world: { clock: MovedClock; revoke: (userId: string) => void }) => void) => {
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
    const his = await opened(bob);
    const net = new LoopbackNet(server);
    net.cut();
    const alice = new TestDevice('alice', net);
    let asked = 0;
    const hers = await alice.open({}, undefined, {
      getToken: () => {
        asked++;
        return Promise.resolve(`alice@${current}`);
      },
    });
    open.push(hers);
    for (let n = 0; n < MESSAGES; n++) await hers.say('bob', `${n}`);
    // After the second answer the token ends, with a frame on its way.
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
    await hers.until({ of: 'outbox' }, ({ pending }) => pending === 0, 15_000);
    await his.until({ of: 'total-unread' }, (count) => count === MESSAGES, 5000);
    const list = await his.until({ of: 'messages', conversationId: 'direct:alice', limit: 100 }, ({ length }) => length === MESSAGES);
    return { net, asked, bodies: list.map(({ body }) => body), seqs: list.map(({ seq }) => seq), hers };
  };
  const inOrder = Array.from({ length: MESSAGES }, (_, n) => `${n}`);

  it.each([
    ['expired (F76)', ({ clock }: { clock: MovedClock }) => clock.move(3_700_000)],
    ['revoked (F77)', ({ revoke }: { revoke: (userId: string) => void }) => revoke('alice')],
  ])(
    '%s: nothing is lost or sent twice in effect, and the drain goes on under the next token',
    async (_how, end) => {
      const { net, asked, bodies, seqs, hers } = await drained(end);
      expect(bodies).toEqual(inOrder);
      expect(seqs).toEqual(inOrder.map((_, n) => n + 1));
      expect(asked).toBe(2);
      // It really was in the middle: two connections, each with frames of its own, every key the same on both.
      const hellos = net.sent('hello').map(({ token }) => token);
      expect(hellos).toEqual(['alice@1', 'alice@2']);
      const at = net.crossings.findIndex(({ frame }) => frame.type === 'hello' && frame.token === 'alice@2');
      const sentAfter = net.crossings.slice(at).filter(({ frame }) => frame.type === 'submit');
      expect(sentAfter.length).toBeGreaterThan(0);
      const keys = new Set(net.sent('submit').flatMap(({ entries }) => entries.map(({ key }) => key)));
      expect(keys.size).toBe(MESSAGES);
      expect(await hers.now({ of: 'dead-letters' })).toEqual([]);
    },
    30_000,
  );
});

it('a server that cannot check tokens now is asked again with the same token, and the client never says that it is forbidden (F123)', async () => {
  let checks = 0;
  const server = createReceiptServer({
    store: createMemoryStore(),
    authenticate: async (token) => {
      if (++checks <= 2) throw new AuthError('auth/unavailable', 'the key server answered 500');
      return { userId: token.slice('token-of-'.length) };
    },
  });
  let asked = 0;
  const hers = await new TestDevice('alice', new LoopbackNet(server)).open({}, undefined, {
    getToken: async () => (asked++, 'token-of-alice'),
  });
  open.push(hers);
  const errors = new Set<string>();
  await hers.until(
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
