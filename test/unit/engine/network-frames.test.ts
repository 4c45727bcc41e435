/** One session of two people, with frames that are lost, doubled, late, or the last of their connection. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/event.ts';
import { TransportError } from '../../../src/errors.ts';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import { createLocalBus, type Hint } from '../../../src/server/bus.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { createTestServer, LoopbackNet, type TestDevice, type TestTab } from '../../support/loopback.ts';
import { HastyDevice, TroubledNet } from '../../support/troubled-net.ts';

const open: TestTab[] = [];
afterEach(() => {
  for (const tab of open.splice(0)) tab.close();
});
const opened = async (device: TestDevice): Promise<TestTab> => {
  const tab = await device.open();
  open.push(tab);
  return tab;
};

/** What both people see in the end, without ids and times. */
interface End {
  readonly aliceShows: readonly string[];
  readonly bobShows: readonly string[];
  readonly unread: readonly number[];
  readonly events: readonly string[];
  readonly repeated: readonly string[];
  readonly versions: readonly number[];
}

const shown = async (tab: TestTab, peer: string): Promise<string[]> => {
  const messages = await tab.now({ of: 'messages', conversationId: `direct:${peer}`, limit: 50 });
  return messages.map(({ seq, senderId, body, status, recalled }) => JSON.stringify([seq, senderId, body, status, recalled]));
};

const eventOf = (event: ReceiptEvent): string => {
  switch (event.type) {
    case 'delivered':
    case 'read':
      return JSON.stringify([event.type, event.ranges]);
    case 'message':
      return JSON.stringify([event.type, event.message.seq]);
    case 'sent':
      return JSON.stringify([event.type, event.seq]);
    default:
      return event.type;
  }
};

/** Connect, snapshot, live frames, messages, receipts of both kinds, a recall. Alice's network is the one with trouble. */
const session = async (net: TroubledNet): Promise<End> => {
  const { server } = net;
  const bob = await opened(new HastyDevice('bob', new LoopbackNet(server)));
  const publish = (text: string) => bob.say('alice', text, { id: `bob-${text}` });
  for (const text of ['one', 'two', 'three']) await publish(text);
  await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const alice = await opened(new HastyDevice('alice', net));
  const events: string[] = [];
  alice.watch({ of: 'events' }).subscribe(({ event }) => events.push(eventOf(event)));
  await alice.until({ of: 'total-unread' }, (count) => count === 3);
  await bob.until(
    { of: 'messages', conversationId: 'direct:alice', limit: 9 },
    (list) => list.length === 3 && list.every(({ status }) => status === 'delivered'),
  );
  await alice.do('sendReadReceipts', 'direct:bob', ['bob-one'], {});
  await alice.say('bob', 'four', { id: 'alice-four' });
  await bob.until({ of: 'total-unread' }, (count) => count === 1);
  await bob.do('sendConversationReadReceipt', 'direct:alice', {});
  await publish('five');
  await alice.until({ of: 'total-unread' }, (count) => count === 4);
  await alice.say('bob', 'six', { id: 'alice-six' });
  await alice.do('sendConversationReadReceipt', 'direct:bob', {});
  await bob.until({ of: 'total-unread' }, (count) => count === 1);
  await alice.do('recallMessage', 'alice-six');
  await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  await alice.until({ of: 'receipts', messageId: 'alice-four' }, (receipts) => receipts !== null && receipts.readAt !== null);
  await alice.until({ of: 'total-unread' }, (count) => count === 0);
  await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 9 }, (list) => list.length === 6 && list[5]!.recalled);
  await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 9 }, (list) =>
    list.slice(0, 3).every(({ status }) => status === 'read'),
  );
  await alice.live();
  const [conversation] = await bob.now({ of: 'conversations', limit: 1 });
  const news = events.filter((event) => /^\["(sent|message)"/.test(event));
  return {
    aliceShows: await shown(alice, 'bob'),
    bobShows: await shown(bob, 'alice'),
    unread: [await alice.now({ of: 'total-unread' }), await bob.now({ of: 'total-unread' })],
    // A catch-up reports in one event what live frames report in two. The test compares them together, and no
    // event is repeated.
    events: [...new Set(news)].sort(),
    repeated: news.filter((event, i) => news.indexOf(event) < i),
    versions: [conversation?.latestSeq ?? 0, events.filter((event) => event.startsWith('["sent"')).length],
  };
};

const calm = (): Promise<End> => session(new TroubledNet(createTestServer()));

/** Runs this many jobs at once: the jobs wait more than they work. */
const inTurns = async <T>(jobs: readonly (() => Promise<T>)[], atOnce = 20): Promise<T[]> => {
  const results: T[] = [];
  for (let i = 0; i < jobs.length; i += atOnce) results.push(...(await Promise.all(jobs.slice(i, i + atOnce).map((job) => job()))));
  return results;
};

describe('a session of two people over a troubled network', { timeout: 60_000 }, () => {
  it('a session has the same result with the connection reset at any frame, sent or received, arrived or lost (F47)', async () => {
    const net = new TroubledNet(createTestServer());
    const end = await session(net);
    expect(net.passedUp).toBeGreaterThan(8);
    const { passedUp, passedDown } = net;
    const resets = (['up', 'down'] as const).flatMap((way) =>
      Array.from({ length: way === 'up' ? passedUp : passedDown }, (_, i) => i + 1).flatMap((nth) =>
        (['arrives-then-cut', 'lost-and-cut'] as const).map((trouble) => ({ way, nth, trouble })),
      ),
    );
    const ends = await inTurns(
      resets.map(({ way, nth, trouble }) => async () => {
        const cut = new TroubledNet(createTestServer());
        if (way === 'up') cut.onUp = (_frame, n) => (n === nth ? trouble : null);
        else cut.onDown = (_frame, n) => (n === nth ? trouble : null);
        return { way, nth, trouble, end: await session(cut) };
      }),
    );
    for (const one of ends) expect(one).toEqual({ ...one, end });
    console.log(`reset at ${resets.length} places of a session of ${passedUp} frames up and ${passedDown} down`);
  });

  it('a session has the same result with every frame of the server delivered twice (F49, F90)', async () => {
    const net = new TroubledNet(createTestServer());
    net.onDown = () => 'twice';
    expect(await session(net)).toEqual(await calm());
  });

  it('a session has the same result after a frame of the feed was lost and the next one arrived (F69)', async () => {
    const end = await calm();
    const ends = await inTurns(
      Array.from({ length: 2 }, (_, i) => async () => {
        const net = new TroubledNet(createTestServer());
        let seen = 0;
        net.onDown = (frame) => (frame.type === 'changes' && frame.from !== null && ++seen === i + 1 ? 'lost' : null);
        return session(net);
      }),
    );
    for (const one of ends) expect(one).toEqual(end);
  });

  it('a session has the same result if frames of every old connection arrive again after each new connection (F48)', async () => {
    const net = new TroubledNet(createTestServer());
    const late: (() => void)[] = [];
    net.onDown = (frame, nth) => {
      const handlers = net.handlers.at(-1)!;
      // All frames of the old connections, and frames that would end the next connection.
      late.push(() => handlers.frame(frame));
      late.push(() => handlers.frame({ type: 'error', code: 'auth/wrong-user', message: 'late' }));
      late.push(() => handlers.closed(4501, 'late'));
      if (frame.type === 'welcome' && net.handlers.length > 1) for (const say of late.slice(0, -3)) say();
      return nth % 5 === 0 ? 'arrives-then-cut' : null;
    };
    expect(await session(net)).toEqual(await calm());
    expect(net.handlers.length).toBeGreaterThan(2);
  });

  it('a session has the same result while it changes between WebSocket and HTTP and answers come out of order (F50)', async () => {
    /** Frames that arrived over HTTP or were lost there. The next socket delivers them too, the newest first. */
    const late: ServerFrame[] = [];
    const turns: ('socket' | 'http')[] = [];
    const count = (transport: 'socket' | 'http'): void => {
      if (turns.at(-1) !== transport) turns.push(transport);
    };
    class Wandering extends TroubledNet {
      private asked = 0;
      override async request(...args: Parameters<LoopbackNet['request']>) {
        const nth = ++this.asked;
        const answer = await super.request(...args);
        await new Promise((resolve) => setTimeout(resolve, (nth * 7) % 20));
        count('http');
        late.push(...answer.filter((frame) => frame.type === 'changes' && frame.from !== null));
        if (nth % 3 !== 0) return answer;
        this.noSockets = false;
        throw new TransportError('transport/unreachable', 'the answer was lost');
      }
    }
    const net = new Wandering(createTestServer());
    let again = 0;
    net.onDown = (frame, nth) => {
      count('socket');
      if (frame.type === 'changes')
        for (const old of late.splice(0).reverse()) {
          again++;
          net.handlers.at(-1)!.frame(old);
        }
      if (nth % 4 !== 0) return null;
      net.noSockets = true;
      return 'arrives-then-cut';
    };
    expect(await session(net)).toEqual(await calm());
    expect(turns.length).toBeGreaterThan(3);
    expect(again).toBeGreaterThan(1);
  });
});

const deafServer = (): { server: ReceiptServer; deaf: { now: boolean } } => {
  const bus = createLocalBus();
  const deaf = { now: false };
  const publish = (hint: Hint): void => {
    if (!deaf.now) bus.publish(hint);
  };
  const server = createReceiptServer({
    store: createMemoryStore(),
    bus: { ...bus, publish },
    authenticate: (token) => Promise.resolve({ userId: token.slice(9) }),
  });
  return { server, deaf };
};

it('a change whose hint was lost arrives after one heartbeat (F51)', async () => {
  const { server, deaf } = deafServer();
  const device = new HastyDevice('alice', new LoopbackNet(server));
  const alice = await opened(device);
  await alice.live();
  await new Promise((resolve) => setTimeout(resolve, 50));
  deaf.now = true;
  const since = performance.now();
  await server.publish({ from: 'bob', to: { user: 'alice' }, body: 'unheard' });
  await alice.until({ of: 'total-unread' }, (count) => count === 1);
  const ms = (performance.now() - since) * device.factor;
  expect(ms).toBeLessThan(35_000);
  expect(device.net.sent('ping').length).toBeGreaterThan(0);
});
