/** Slow lines, and snapshots over several connections. The test moves the clock. */
import { describe, expect, it } from 'vitest';
import { Feed } from '../../../src/engine/sync/feed/feed.ts';
import { FrameSize } from '../../../src/engine/sync/timing/frame-size.ts';
import { AdaptiveTimeout } from '../../../src/engine/sync/timing/adaptive-timeout.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { ANSWER_TIMEOUT_MS, OutboxSender } from '../../../src/engine/sync/outbox/outbox-sender.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { TransportError } from '../../../src/errors.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import type { LinkHandlers } from '../../../src/ports/ports.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { framesOf, openDevice, openTab, reach, sentBy } from '../../support/on-tab.ts';
import { TestClock } from '../../support/test-clock.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

/** Publishes one message to alice from each of `count` users. */
const publishFrom = async (world: TestWorld, count: number): Promise<void> => {
  for (let n = 0; n < count; n++)
    await world.until(world.server.host.publish({ from: `peer-${n}`, to: { user: 'alice' }, body: 'x'.repeat(200) }));
};

const writerOn = async (clock: TestClock) => {
  const ports = { ...quietPorts(createMemoryStore()), clock };
  const writer = await Writer.open(ports, 'alice');
  return { ports, writer, fence: await writer.takeFence() };
};

describe('sending over a slow line', () => {
  /** Sends 96 KiB of messages. A frame takes its time on the line, and after a loss the next connection starts again. */
  const sendAll = async (bytesPerSecond: number, rttMs: number) => {
    const clock = new TestClock();
    const { ports, writer, fence } = await writerOn(clock);
    const limits = { entries: 100, frameBytes: 64 * 1024, fetchMessages: 1, receiptIds: 1, members: 1, heartbeatMs: 25_000 };
    let id = 0;
    let lost = 0;
    let mostInFlight = 0;
    let inFlight = 0;
    let connection = 0;
    const sizes: number[] = [];
    const seen = new Set<string>();
    const sender: OutboxSender = new OutboxSender(
      ports,
      writer,
      {
        send: (frame) => {
          const bytes = JSON.stringify(frame).length;
          const mine = connection;
          sizes.push(bytes);
          inFlight += bytes;
          mostInFlight = Math.max(mostInFlight, inFlight);
          clock.timer((bytes / bytesPerSecond) * 1000 + rttMs, () => {
            if (mine !== connection) return;
            inFlight -= bytes;
            for (const { key } of frame.entries) seen.add(key);
            sender.answer({
              type: 'answer',
              id: frame.id,
              results: frame.entries.map(({ key }) => ({ outcome: 'confirmed', key, row: null })),
            });
          });
        },
        nextId: () => ++id,
        limits: () => limits,
        fence: () => fence,
        continues: () => true,
        silent: () => {
          lost++;
          connection++;
          inFlight = 0;
          sender.stop();
          clock.timer(1000, () => sender.start());
        },
        failed: (error) => {
          throw error;
        },
        changed: () => undefined,
      },
      new AdaptiveTimeout(),
    );
    for (let n = 0; n < 96; n++)
      await writer.write('say', { durability: 'strict' }, (draft) =>
        sendMessage(draft, ports, 'direct:bob', { body: JSON.stringify('x'.repeat(1000)) }),
      );
    sender.start();
    while (writer.model.outbox.size > 0 && clock.mono() < 3_600_000) await clock.pass(5_000);
    return { lost, sizes, mostInFlight, left: writer.model.outbox.size, seen: seen.size, tookMs: clock.mono() };
  };

  it.each([
    ['9.6 kbit/s and a round trip of 2 s', 1200, 2000, 0],
    ['1 kB/s', 1000, 100, 0],
    ['300 bytes per second', 300, 3000, 2],
  ])(
    'over a line of %s all entries are sent, in frames that are answered in time (F55)',
    async (_name, bytesPerSecond, rttMs, mostLost) => {
      const { lost, left, sizes, tookMs } = await sendAll(bytesPerSecond, rttMs);
      expect(left).toBe(0);
      expect(lost).toBeLessThanOrEqual(mostLost);
      // A frame is answered within some seconds, as far as single entries allow.
      expect(sizes.slice(-3).every((bytes) => bytes <= 8 * 1024)).toBe(true);
      expect(tookMs).toBeLessThan(((96 * 1300) / bytesPerSecond) * 1000 * 2.5 + 60_000);
    },
  );

  it('over a line of 1 MB/s frames grow to the limit of the server', async () => {
    const { sizes, lost } = await sendAll(1_000_000, 20);
    expect(lost).toBe(0);
    expect(Math.max(...sizes)).toBeGreaterThan(30 * 1024);
  });

  it('at most 64 KiB are handed to the connection without an answer: the outbox is the buffer (F58)', async () => {
    for (const rate of [1000, 50_000, 10_000_000]) expect((await sendAll(rate, 200)).mostInFlight).toBeLessThanOrEqual(64 * 1024);
  });
});

describe('timeouts and frame sizes', () => {
  it('a timeout is at least twice the measured answer time, grows after each failure, and has a maximum (F55)', () => {
    const timeout = new AdaptiveTimeout();
    expect(timeout.atLeast(4000)).toBe(4000);
    timeout.measured(7000);
    expect(timeout.atLeast(4000)).toBe(14_000);
    expect(timeout.growing('connect', 10_000)).toBe(14_000);
    timeout.ended('connect', true);
    expect(timeout.growing('connect', 10_000)).toBe(28_000);
    expect(timeout.growing('answer', ANSWER_TIMEOUT_MS)).toBe(ANSWER_TIMEOUT_MS);
    for (let n = 0; n < 20; n++) timeout.ended('connect', true);
    expect(timeout.growing('connect', 10_000)).toBe(120_000);
    timeout.ended('connect', false);
    for (let n = 0; n < 40; n++) timeout.measured(50);
    expect(timeout.growing('connect', 10_000)).toBe(10_000);
    expect(timeout.atLeast(4000, 8000)).toBe(12_000);
  });

  it('frame sizes shrink fast and grow slowly, within their bounds', () => {
    const frameSize = new FrameSize();
    for (let n = 0; n < 10; n++) frameSize.lost();
    expect(frameSize.bytes).toBe(2048);
    frameSize.answered(2000, 100);
    expect(frameSize.bytes).toBe(4096);
    frameSize.answered(100, 100);
    expect(frameSize.bytes).toBe(4096);
    for (let n = 0; n < 10; n++) frameSize.answered(frameSize.bytes, 100);
    expect(frameSize.bytes).toBe(64 * 1024);
    frameSize.answered(64 * 1024, 64_000);
    expect(frameSize.bytes).toBe(4096);
  });
});

describe('a snapshot in many frames', () => {
  it('a snapshot continues where the connection broke, and is shown as a whole (F60)', async () => {
    const world = createTestWorld();
    await publishFrom(world, 400);
    const device = world.device('alice');
    const sent = sentBy(device);
    let came = 0;
    const totals: number[] = [];
    // Every connection ends after its second frame of the feed.
    device.network.trouble = (way, { type }) => (way === 'down' && type === 'changes' && ++came % 2 === 0 && came < 9 ? 'cut' : null);
    const tab = await openTab(world, device);
    tab.watch({ of: 'total-unread' }).subscribe((count) => totals.push(count));
    await tab.until({ of: 'total-unread' }, (count) => count === 400);
    const pulls = framesOf('pull', sent.sockets).map(({ cursor }) => cursor);
    expect(pulls.length).toBeGreaterThan(2);
    expect(pulls.filter((cursor) => cursor === null)).toHaveLength(1);
    expect(totals).toEqual([400]);
  });

  it('a snapshot starts again if the server does not know the cursor any more', async () => {
    const clock = new TestClock();
    const { ports, writer, fence } = await writerOn(clock);
    const pulls: object[] = [];
    let caughtUp = 0;
    const feed = new Feed(ports, writer, {
      send: (pull) => pulls.push(pull),
      fence: () => fence,
      news: () => 'catch-up',
      caughtUp: () => caughtUp++,
      broken: (error) => {
        throw error;
      },
      failed: (error) => {
        throw error;
      },
    });
    const frame = (from: string | null, to: string, complete: boolean): Frame<'changes'> => ({
      type: 'changes',
      from,
      to,
      rows: [],
      messages: [],
      steps: [],
      complete,
    });
    feed.pull();
    feed.take(frame(null, 'a', false));
    feed.stop();
    feed.pull();
    feed.take(frame(null, 'a', false)); // late: this frame is here already
    feed.pullAnew();
    feed.take(frame(null, 'b', false));
    feed.take(frame('b', 'c', true));
    await clock.pass(10);
    expect(pulls).toEqual([
      { type: 'pull', cursor: null },
      // The server must know that this device lacks the conversations of the next frames (F114).
      { type: 'pull', cursor: 'a', snapshot: true },
      { type: 'pull', cursor: null },
    ]);
    expect(caughtUp).toBe(1);
    expect(writer.model.cursor).toBe('c');
  });

  it('after a crash, a catch-up continues from the last stored frame (F60)', async () => {
    const world = createTestWorld();
    const [device, first] = await openDevice(world, 'alice');
    await first.live();
    await first.close();
    await publishFrom(world, 250);
    const sent = sentBy(device);
    let came = 0;
    const crashed = new Promise<void>((resolve) => {
      device.network.trouble = (way, { type }) => {
        if (way === 'up' || type !== 'changes' || ++came !== 3) return null;
        resolve();
        return 'lost-and-cut';
      };
    });
    const second = await openTab(world, device);
    await world.until(crashed);
    second.tab.kill();
    const third = await openTab(world, device);
    await third.until({ of: 'total-unread' }, (count) => count === 250);
    const cursors = framesOf('pull', sent.sockets).map(({ cursor }) => cursor);
    expect(cursors).not.toContain(null);
    expect(new Set(cursors).size).toBeGreaterThan(1);
  });
});

it('the client repeats a pull and a fetch that a busy server refused, after the time named by the server (F107)', async () => {
  const world = createTestWorld();
  await world.until(world.server.host.publish({ from: 'bob', to: { user: 'alice' }, body: 'hello' }));
  const device = world.device('alice');
  const sent = sentBy(device);
  let handlers: LinkHandlers | undefined;
  device.changePorts = ({ net, ...ports }) => ({
    ...ports,
    net: { request: net.request, connect: (given) => net.connect((handlers = given)) },
  });
  const busy = { type: 'error', code: 'server/busy', message: 'too much at once', retryAfterMs: 700 } as const;
  const refusedAt = new Map<string, number>();
  const acceptedAt = new Map<string, number>();
  device.network.trouble = (_, frame) => {
    if (frame.type !== 'pull' && frame.type !== 'fetch') return null;
    if (refusedAt.has(frame.type)) {
      acceptedAt.set(frame.type, world.time.now);
      return null;
    }
    world.time.schedule(5, 'the server is busy', () => {
      refusedAt.set(frame.type, world.time.now);
      handlers!.frame(frame.type === 'fetch' ? { ...busy, id: frame.id } : busy);
    });
    return 'lost';
  };
  const tab = await openTab(world, device);
  await tab.live();
  await tab.until({ of: 'messages', conversationId: 'direct:bob', limit: 5 }, (list) => list.length === 1);
  expect(framesOf('hello', sent.sockets)).toHaveLength(1);
  expect([...refusedAt.keys()].sort()).toEqual(['fetch', 'pull']);
  for (const [type, at] of refusedAt) expect(acceptedAt.get(type)).toBeGreaterThanOrEqual(at + 700);
});

it('a proxy that ends connections after 30 idle seconds never finds the connection idle (F53)', async () => {
  const IDLE_MS = 30_000;
  const world = createTestWorld();
  const device = world.device('alice');
  const sent = sentBy(device);
  let passedAt = 0;
  const ended: number[] = [];
  device.network.trouble = () => {
    passedAt = world.time.now;
    world.time.schedule(IDLE_MS, 'the proxy looks', () => {
      if (world.time.now - passedAt >= IDLE_MS) ended.push(world.time.now);
    });
    return null;
  };
  const tab = await openTab(world, device);
  await tab.live();
  await world.pass(90_000);
  expect(ended).toEqual([]);
  expect(framesOf('ping', sent.sockets).length).toBeGreaterThanOrEqual(3);
});

it('the timeout for a long frame on a slow line grows with each attempt until the frame arrives (F55)', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const sent = sentBy(device);
  // Every frame of the feed takes 60 s, and no frame overtakes it. No request over HTTP is answered.
  device.changePorts = ({ net, ...ports }, process) => ({
    ...ports,
    net: {
      request: () => Promise.reject(new TransportError('transport/unreachable', 'no answer on the slow line')),
      connect: (handlers) => {
        let freeAt = 0;
        const frame: LinkHandlers['frame'] = (one) => {
          freeAt = one.type === 'changes' ? world.time.now + 60_000 : Math.max(world.time.now, freeAt + 0.001);
          process.later(freeAt - world.time.now, 'gets a frame of the slow line', () => handlers.frame(one));
        };
        return net.connect({ ...handlers, frame });
      },
    },
  });
  const tab = await openTab(world, device);
  await tab.until({ of: 'connection' }, ({ state }) => state === 'live', 1_200_000);
  // The ping after 25 s has a timeout of 8 s, 16 s, 32 s and then 64 s: the fourth connection waits until the frame arrives.
  expect(framesOf('hello', sent.sockets)).toHaveLength(4);
});

it('a dead connection is detected within 35 s, also after a night in which the answer to a ping never came (F46)', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const sent = sentBy(device);
  const tab = await openTab(world, device);
  await tab.live();
  device.network.cut(true);
  await reach(world, 'a ping', () => framesOf('ping', sent.sockets).length > 0, 30_000);
  world.time.now += 8 * 3_600_000;
  await reach(world, 'the next connection', () => framesOf('hello', sent.sockets).length === 2, 60_000);
  await tab.live();
  device.network.cut(true);
  await tab.until({ of: 'connection' }, ({ state }) => state !== 'live', 35_000);
});
