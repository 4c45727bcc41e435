/** One session of two people, with lost, doubled and late frames, and frames at the end of a connection. */
import { describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { TransportError } from '../../../src/errors.ts';
import type { NetPort } from '../../../src/ports/ports.ts';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { framesOf, openDevice, openTab, sentBy, type WorldTab } from '../../support/on-tab.ts';

/** The screens of both people in the end, without ids and times. */
interface End {
  readonly aliceShows: readonly string[];
  readonly bobShows: readonly string[];
  readonly unread: readonly number[];
  readonly events: readonly string[];
  readonly repeated: readonly string[];
  readonly versions: readonly number[];
}

const shown = async (tab: WorldTab, peer: string): Promise<string[]> => {
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

/** Makes trouble on the network of a device, before its tab opens. */
type Trouble = (device: VirtualDevice) => void;

/** Connect, snapshot, live frames, messages, receipts of both kinds, a recall. Only Alice's network has trouble. */
const session = async (makeTrouble: Trouble = () => undefined): Promise<End> => {
  const world = createTestWorld();
  const [, bob] = await openDevice(world, 'bob');
  const publish = (text: string) => bob.say('alice', text, { id: `bob-${text}` });
  for (const text of ['one', 'two', 'three']) await publish(text);
  await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const device = world.device('alice');
  // On a fast line, few of alice's frames carry two of her calls.
  device.network.set({ delayMs: 1 });
  makeTrouble(device);
  const alice = await openTab(world, device);
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
  // A lost frame of the feed is noticed at the next heartbeat.
  await world.pass(60_000);
  const [conversation] = await bob.now({ of: 'conversations', limit: 1 });
  const news = events.filter((event) => /^\["(sent|message)"/.test(event));
  return {
    aliceShows: await shown(alice, 'bob'),
    bobShows: await shown(bob, 'alice'),
    unread: [await alice.now({ of: 'total-unread' }), await bob.now({ of: 'total-unread' })],
    // A catch-up makes one event of changes that make two events live. The test compares the sums, and no
    // event is repeated.
    events: [...new Set(news)].sort(),
    repeated: news.filter((event, i) => news.indexOf(event) < i),
    versions: [conversation?.latestSeq ?? 0, events.filter((event) => event.startsWith('["sent"')).length],
  };
};

/** Changes the network port of the tabs of a device. */
const changeNet = (device: VirtualDevice, change: (net: NetPort, later: (ms: number) => Promise<void>) => NetPort): void => {
  device.changePorts = (ports, process) => ({
    ...ports,
    net: change(ports.net, (ms) => new Promise((resolve) => void process.later(ms, 'gets a late answer', resolve))),
  });
};

describe('a session of two people over a troubled network', { timeout: 60_000 }, () => {
  it('a session has the same result with the connection reset at any frame, sent or received, arrived or lost (F47)', async () => {
    const passed = { up: 0, down: 0 };
    const end = await session(({ network }) => {
      network.trouble = (way) => {
        passed[way]++;
        return null;
      };
    });
    expect(passed.up).toBeGreaterThan(8);
    for (const way of ['up', 'down'] as const)
      for (let nth = 1; nth <= passed[way]; nth++)
        for (const trouble of ['cut', 'lost-and-cut'] as const) {
          const reset = await session(({ network }) => {
            let n = 0;
            network.trouble = (on) => (on === way && ++n === nth ? trouble : null);
          });
          expect({ way, nth, trouble, end: reset }).toEqual({ way, nth, trouble, end });
        }
  });

  it('a session has the same result with every frame of the server delivered twice (F49, F90)', async () => {
    const doubled = await session(({ network }) => {
      network.trouble = (way) => (way === 'down' ? 'twice' : null);
    });
    expect(doubled).toEqual(await session());
  });

  it('a session has the same result after a frame of the feed was lost and the next one arrived (F69)', async () => {
    const end = await session();
    for (const nth of [1, 2]) {
      let seen = 0;
      const lossy = await session(({ network }) => {
        network.trouble = (_, frame) => (frame.type === 'changes' && frame.from !== null && ++seen === nth ? 'lost' : null);
      });
      expect(lossy).toEqual(end);
      expect(seen).toBeGreaterThan(nth);
    }
  });

  it('a session has the same result if frames of every old connection arrive again after each new connection (F48)', async () => {
    let connections = 0;
    const late: (() => void)[] = [];
    const end = await session((device) => {
      let nth = 0;
      device.network.trouble = (way) => (way === 'down' && ++nth % 5 === 0 ? 'cut' : null);
      changeNet(device, (net) => ({
        request: net.request,
        connect: (handlers) => {
          connections++;
          const frame = (one: ServerFrame): void => {
            if (one.type === 'welcome') for (const arrive of late) arrive();
            // All frames of the old connections, and frames that would end the next connection.
            late.push(() => handlers.frame(one));
            late.push(() => handlers.frame({ type: 'error', code: 'auth/wrong-user', message: 'late' }));
            late.push(() => handlers.closed(4501, 'late'));
            handlers.frame(one);
          };
          return net.connect({ ...handlers, frame });
        },
      }));
    });
    expect(end).toEqual(await session());
    expect(connections).toBeGreaterThan(2);
  });

  it('a session has the same result while it changes between WebSocket and HTTP and answers come out of order (F50)', async () => {
    /** Frames that arrived or were lost over HTTP. The next socket delivers these frames too, the newest first. */
    const late: ServerFrame[] = [];
    const turns: ('socket' | 'http')[] = [];
    const count = (transport: 'socket' | 'http'): void => {
      if (turns.at(-1) !== transport) turns.push(transport);
    };
    let again = 0;
    const end = await session((device) => {
      const { network } = device;
      let asked = 0;
      let passed = 0;
      changeNet(device, (net, later) => ({
        request: async (...args) => {
          const nth = ++asked;
          const answer = await net.request(...args);
          await later((nth * 140) % 400);
          count('http');
          late.push(...answer.filter((frame) => frame.type === 'changes' && frame.from !== null));
          if (nth % 3 !== 0) return answer;
          network.set({ sockets: true });
          throw new TransportError('transport/unreachable', 'the answer was lost');
        },
        connect: (handlers) => {
          const frame = (one: ServerFrame): void => {
            count('socket');
            if (one.type === 'changes')
              for (const old of late.splice(0).reverse()) {
                again++;
                handlers.frame(old);
              }
            handlers.frame(one);
            if (++passed % 4 !== 0) return;
            network.set({ sockets: false });
            network.cut();
          };
          return net.connect({ ...handlers, frame });
        },
      }));
    });
    expect(end).toEqual(await session());
    expect(turns.length).toBeGreaterThan(3);
    expect(again).toBeGreaterThan(1);
  });
});

it('a change with a lost hint arrives after one heartbeat (F51)', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const sent = sentBy(device);
  const alice = await openTab(world, device);
  await alice.live();
  await world.pass(1000);
  world.server.losesHints = true;
  await world.until(world.server.host.publish({ from: 'bob', to: { user: 'alice' }, body: 'unheard' }));
  await alice.until({ of: 'total-unread' }, (count) => count === 1, 35_000);
  expect(framesOf('ping', sent.sockets).length).toBeGreaterThan(0);
});
