/** Answers of the HTTP endpoint without all messages: the client asks for the rest (F119). */
import { describe, expect, it } from 'vitest';
import { restOfFetch } from '../../../src/engine/net/rest-of-fetch.ts';
import { Heartbeat } from '../../../src/engine/sync/connection/heartbeat.ts';
import type { Frame, ServerFrame } from '../../../src/protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { openTab, sentBy } from '../../support/on-tab.ts';
import { TestClock } from '../../support/test-clock.ts';

const message = (seq: number) => ({
  id: `m${seq}`,
  seq,
  senderId: 'bob',
  sentAt: 0,
  body: '1',
  receiptRequested: true,
  countable: true,
  recalled: false,
});
const receiptsSent = (conversationId: 'direct:bob' | 'direct:cat', seqs: readonly number[], complete = false): Frame<'messages'> => ({
  type: 'messages',
  id: 1,
  of: seqs.length > 0 ? [{ conversationId, messages: seqs.map(message) }] : [],
  complete,
});
const wants: Frame<'fetch'>['wants'] = [
  {
    conversationId: 'direct:bob',
    seqs: [
      [1, 5],
      [8, 9],
    ],
    limit: 6,
  },
  { conversationId: 'direct:cat', seqs: [[1, 3]], limit: 3 },
];

describe('the rest of a fetch', () => {
  it('the rest of a fetch begins after the last received message, in the order of the wants', () => {
    expect(restOfFetch({ id: 1, wants }, [receiptsSent('direct:bob', [9, 8]), receiptsSent('direct:bob', [5])])).toEqual([
      { conversationId: 'direct:bob', seqs: [[1, 4]], limit: 3 },
      wants[1],
    ]);
    expect(restOfFetch({ id: 1, wants }, [receiptsSent('direct:bob', [9, 8, 5, 4, 3, 2]), receiptsSent('direct:cat', [3])])).toEqual([
      { conversationId: 'direct:cat', seqs: [[1, 2]], limit: 2 },
    ]);
    expect(restOfFetch({ id: 1, wants }, [receiptsSent('direct:bob', [9, 8, 5, 4, 3, 2])])).toEqual([wants[1]]);
  });

  it('a fetch with a complete or empty answer has no rest', () => {
    expect(restOfFetch({ id: 1, wants }, [receiptsSent('direct:bob', [9]), receiptsSent('direct:bob', [], true)])).toEqual([]);
    expect(restOfFetch({ id: 1, wants }, [])).toEqual([]);
    expect(restOfFetch({ id: 1, wants }, [{ ...receiptsSent('direct:bob', [9]), id: 2 }])).toEqual([]);
  });
});

describe('long messages over HTTP', () => {
  const COUNT = 60;

  const fill = async (world: TestWorld, to: { user: string } | { group: string }): Promise<void> => {
    for (let i = 0; i < COUNT; i++)
      await world.until(world.server.host.publish({ from: 'bob', to, body: 'x'.repeat(15_000), id: `m${i}` }));
  };
  const start = async (world: TestWorld, sockets: boolean) => {
    const device = world.device('alice');
    device.network.set({ sockets });
    const sent = sentBy(device);
    const alice = await openTab(world, device);
    await alice.live();
    return { alice, sent };
  };

  it('all long messages reach a device without WebSockets, although no single answer holds them all (F119)', async () => {
    const world = createTestWorld();
    await fill(world, { user: 'alice' });
    const { sent } = await start(world, false);
    // The device confirms its stored messages to their sender.
    const hello = { type: 'hello', version: PROTOCOL_VERSION, token: world.server.token('bob'), userId: 'bob', deviceId: 'd' };
    const receiptsSent = async (): Promise<unknown> => {
      const { body } = await world.until(world.server.request(JSON.stringify([hello, { type: 'pull', cursor: null }])));
      const frames = (JSON.parse(body) as ServerFrame[]).filter((frame) => frame.type === 'changes');
      return frames.flatMap(({ rows }) => rows)[0]?.theirs.delivered;
    };
    await world.pass(10_000);
    expect(await receiptsSent()).toEqual([[1, COUNT]]);
    expect(sent.sockets).toEqual([]);
  });

  it('a page of long history arrives in as many requests as needed (F119)', async () => {
    const world = createTestWorld();
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    await fill(world, { group: 'crew' });
    const { alice, sent } = await start(world, true);
    const { messages, complete } = await alice.ask('loadOlderMessages', 'group:crew', 100);
    expect(complete).toBe(true);
    expect(messages).toHaveLength(COUNT);
    expect(sent.requests.length).toBeGreaterThan(2);
  });
});

it('a client that receives much and sends nothing still pings, because the server ends silent connections (F125)', async () => {
  const clock = new TestClock();
  let pings = 0;
  const heartbeat = new Heartbeat(clock, {
    heartbeatMs: () => 25_000,
    refresh: () => Promise.resolve(),
    ping: () => {
      pings++;
      heartbeat.said();
    },
    timeoutMs: (ms) => ms,
    answered: () => undefined,
    silent: () => {
      throw new Error('it is not silent');
    },
  });
  heartbeat.said();
  heartbeat.heard();
  heartbeat.start();
  for (let second = 0; second < 200; second += 5) {
    await clock.pass(5_000);
    heartbeat.heard();
  }
  expect(pings).toBeGreaterThanOrEqual(3);
  expect(pings).toBeLessThanOrEqual(4);
  heartbeat.stop();
});
