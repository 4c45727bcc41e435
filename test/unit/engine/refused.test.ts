/**
 * While a server keeps refusing, a client asks again with growing delays, over every transport. Once the server
 * accepts, the delays start anew.
 */
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../../../src/errors.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../../src/testing/virtual-tab.ts';
import { type Refusing, refusing } from '../../support/refusing.ts';

const MINUTE = 60_000;
/** The waits double from 0.5 s: ten of them take about four minutes, and the rest take two and a half minutes on average. */
const MOST_IN_10_MIN = 25;
const MOST_IN_1_H = 60;

interface Refused {
  readonly world: TestWorld;
  readonly phone: VirtualDevice;
  readonly net: Refusing;
  readonly ann: VirtualTab;
  readonly ben: VirtualTab;
}

const refused = async (before: (net: Refusing) => void = () => undefined): Promise<Refused> => {
  const world = createTestWorld({ seed: 115 });
  const phone = world.device('ann');
  const net = refusing(phone);
  before(net);
  const ann = await world.open(phone);
  const ben = await world.open(world.device('ben'));
  await world.pass(5000);
  return { world, phone, net, ann, ben };
};

/** Counts the submits to the real server, and the answers with `retry`. */
const refuseEntries = ({ world, phone, net }: Refused, isRefused = true): void => {
  world.server.trouble = (name) => (isRefused && name === 'submit' ? 'refuse' : null);
  phone.network.leaves = (_, text) => {
    if (text.includes('"type":"submit"')) net.asked.push(world.time.now);
  };
};

const say = (world: TestWorld, tab: VirtualTab, to: string, text = 'hi') =>
  world.until(tab.do('sendMessage', `direct:${to}`, { body: JSON.stringify(text) }));

/** Ten minutes and an hour of refusals: few requests, with growing gaps, none too early, and never a stop. */
const expectGrowth = async ({ world, net }: Pick<Refused, 'world' | 'net'>): Promise<void> => {
  const { asked } = net;
  asked.length = 0;
  const began = world.time.now;
  await world.pass(10 * MINUTE);
  expect(asked.length).toBeLessThanOrEqual(MOST_IN_10_MIN);
  expect(asked.length).toBeGreaterThanOrEqual(3);
  await world.pass(50 * MINUTE);
  expect(asked.length).toBeLessThanOrEqual(MOST_IN_1_H);
  const late = asked.filter((at) => at - began > 15 * MINUTE);
  expect(late.length).toBeGreaterThanOrEqual(8);
  expect(Math.max(...late.slice(1).map((at, i) => at - late[i]!))).toBeGreaterThan(2 * MINUTE);
};

const gaps = (asked: readonly number[]): number[] => asked.slice(1).map((at, i) => at - asked[i]!);

describe('a server that keeps refusing, over a WebSocket', () => {
  it('a client sends refused entries again with growing delays and never before the time named by the server; other conversations go on (F115)', async () => {
    const all = await refused();
    const { world, ann, net } = all;
    await say(world, ann, 'ben');
    await world.pass(2000);
    refuseEntries(all);
    await say(world, ann, 'ben', 'refused');
    await say(world, ann, 'carl', 'refused as well');
    await world.pass(1);
    await expectGrowth(all);
    expect(Math.min(...gaps(net.asked))).toBeGreaterThanOrEqual(1000);

    // The server is well again: a conversation without a refusal does not wait for the others.
    world.server.trouble = () => null;
    await say(world, ann, 'dora');
    await world.pass(1000);
    expect(world.server.dump().messages.map(({ body }) => body)).toEqual(['"hi"', '"hi"']);
    await world.pass(11 * MINUTE);
    expect(world.server.dump().messages).toHaveLength(4);

    // The test takes each refusal once: the next refusal is new.
    refuseEntries(all);
    net.asked.length = 0;
    await say(world, ann, 'ben', 'once more');
    await world.pass(20_000);
    expect(net.asked.length).toBeGreaterThanOrEqual(3);
  }, 60_000);

  it('a client sends an entry refused for long no more often after a new entry is refused, with one entry in a frame (F115)', async () => {
    const all = await refused();
    const { world, ann, phone } = all;
    void world.server.host.setPolicy({ limits: { entries: 1 } });
    await world.pass(5000);
    refuseEntries(all);
    const askedForOld: number[] = [];
    phone.network.leaves = (_, text) => {
      if (text.includes('"type":"submit"') && text.includes('direct:ben')) askedForOld.push(world.time.now);
    };
    await say(world, ann, 'ben', 'refused for long');
    await world.pass(20 * MINUTE);
    askedForOld.length = 0;
    for (let n = 0; n < 10; n++) {
      await say(world, ann, `friend ${n}`, 'refused since now');
      await world.pass(MINUTE);
    }
    expect(askedForOld.length).toBeLessThanOrEqual(10);

    world.server.trouble = () => null;
    await world.pass(11 * MINUTE);
    expect(world.server.dump().messages).toHaveLength(11);
  }, 60_000);

  it('a client sends refused frames again with growing delays, also if the connection breaks in between (F115)', async () => {
    const all = await refused((net) => (net.refuses = ({ type }) => type === 'submit'));
    const { world, ann, phone, net } = all;
    await say(world, ann, 'ben');
    await expectGrowth(all);
    net.asked.length = 0;
    for (let n = 0; n < 20; n++) {
      phone.network.cut();
      await world.pass(MINUTE);
    }
    expect(net.asked.length).toBeLessThanOrEqual(20);
    net.refuses = () => false;
    await world.pass(11 * MINUTE);
    expect(world.server.dump().messages).toHaveLength(1);
  }, 60_000);

  it('a client repeats refused pulls with growing delays (F115)', async () => {
    await expectGrowth(await refused((net) => (net.refuses = ({ type }) => type === 'pull')));
  }, 60_000);

  it('a client repeats refused fetches with growing delays (F115)', async () => {
    const { world, ben } = await refused();
    for (let n = 0; n < 3; n++) await say(world, ben, 'dora', `${n}`);
    await world.pass(5000);
    const device = world.device('dora');
    const net = refusing(device);
    net.refuses = ({ type }) => type === 'fetch';
    const dora = await world.open(device);
    await expectGrowth({ world, net });
    net.refuses = () => false;
    await world.pass(11 * MINUTE);
    const storedSeqs = await world.until(firstValueFrom(dora.watch({ of: 'messages', conversationId: 'direct:ben', limit: 9 })));
    expect(storedSeqs).toHaveLength(3);
  }, 60_000);

  it('an open chat with constant changes repeats refused fetches of older messages with growing delays (F115)', async () => {
    const { world, ben } = await refused();
    for (let n = 0; n < 3; n++) await say(world, ben, 'dora', `${n}`);
    await world.pass(5000);
    const device = world.device('dora');
    const net = refusing(device);
    net.refuses = ({ type }) => type === 'fetch';
    const dora = await world.open(device);
    const seen = dora.watch({ of: 'messages', conversationId: 'direct:ben', limit: 500 }).subscribe();
    const busy = async (ms: number): Promise<number> => {
      net.asked.length = 0;
      for (let passed = 0; passed < ms; passed += 2000) {
        await say(world, ben, 'dora', 'more');
        await world.pass(2000);
      }
      return net.asked.length;
    };
    await busy(5 * MINUTE);
    // This number includes the fetches of the leader.
    expect(await busy(5 * MINUTE)).toBeLessThanOrEqual(MOST_IN_10_MIN);
    seen.unsubscribe();
  }, 120_000);
});

describe('a server that keeps refusing, over HTTP', () => {
  const overHttp = async (before: (net: Refusing) => void = () => undefined): Promise<Refused> => {
    const all = await refused((net) => {
      net.noSockets = true;
      before(net);
    });
    await all.world.pass(MINUTE);
    return all;
  };

  it('over HTTP, a client sends refused entries again with growing delays (F115)', async () => {
    const all = await overHttp();
    refuseEntries(all);
    await say(all.world, all.ann, 'ben');
    await expectGrowth(all);
  }, 60_000);

  it('over HTTP, a client sends refused frames again with growing delays (F115)', async () => {
    const all = await overHttp((net) => (net.refuses = ({ type }) => type === 'submit'));
    await say(all.world, all.ann, 'ben');
    await expectGrowth(all);
  }, 60_000);

  it('behind a proxy that refuses every request, a client repeats requests with growing delays (F115)', async () => {
    await expectGrowth(await overHttp((net) => (net.refusesRequests = true)));
  }, 60_000);

  it('behind a proxy that answers every waiting pull at once, a client pulls with growing delays (F115)', async () => {
    const world = createTestWorld({ seed: 119 });
    const phone = world.device('ann');
    const net = refusing(phone);
    net.noSockets = true;
    const port = phone.network.port.bind(phone.network);
    phone.network.port = (process) => {
      const real = port(process);
      return {
        ...real,
        request(frames, ...rest) {
          if (frames.some(({ type }) => type === 'pull')) net.asked.push(world.time.now);
          return real.request(
            frames.map((frame) => (frame.type === 'pull' ? { ...frame, waitMs: 0 } : frame)),
            ...rest,
          );
        },
      };
    };
    await world.open(phone);
    await world.pass(MINUTE);
    net.asked.length = 0;
    await world.pass(10 * MINUTE);
    // The waits grow from three seconds to minutes; a heartbeat pulls besides.
    expect(net.asked.length).toBeLessThanOrEqual(60);
    expect(net.asked.length).toBeGreaterThanOrEqual(3);
  }, 60_000);
});

describe('a background sync that a server keeps refusing', () => {
  for (const [refusedPart, refuse] of [
    ['entries', (all: Refused) => refuseEntries(all)],
    ['frames', ({ net }: Refused) => void (net.refuses = ({ type }) => type === 'submit')],
  ] as const)
    it(`a background sync whose server keeps refusing ${refusedPart} ends within half a minute and rejects, so that the browser runs it again (F115)`, async () => {
      const all = await refused();
      const { world, phone, ann, net } = all;
      phone.network.set({ up: false, down: false });
      await say(world, ann, 'ben');
      ann.kill();
      phone.network.set({ up: true, down: true });
      refuse(all);
      const began = world.time.now;
      await expect(world.until(phone.sync(), 5 * MINUTE)).rejects.toThrow(TransportError);
      expect(world.time.now - began).toBeLessThanOrEqual(35_000);
      expect(net.asked.length).toBeGreaterThanOrEqual(2);
      expect(net.asked.length).toBeLessThanOrEqual(10);
      world.server.trouble = () => null;
      net.refuses = () => false;
      await world.until(phone.sync());
      expect(world.server.dump().messages).toHaveLength(1);
    }, 60_000);
});

it('a client calls a failing getToken again with growing delays (F115)', async () => {
  const world = createTestWorld({ seed: 116 });
  const asked: number[] = [];
  const phone = world.device('ann', 'phone', async () => {
    asked.push(world.time.now);
    throw new Error('no token');
  });
  await world.open(phone);
  await expectGrowth({ world, net: { ...refusing(phone), asked } });
}, 60_000);

it('if getToken fails at the renewal of a token, a client calls getToken again with growing delays (F115)', async () => {
  const world = createTestWorld({ seed: 117 });
  const asked: number[] = [];
  let fails = false;
  const phone = world.device('ann', 'phone', async () => {
    asked.push(world.time.now);
    if (fails) throw new Error('no token');
    return world.server.token('ann', world.time.now + 10 * MINUTE);
  });
  const ann = await world.open(phone);
  await world.pass(5000);
  [fails, asked.length] = [true, 0];
  // The renewal begins a minute before the end of the token.
  await world.pass(9.9 * MINUTE);
  expect(asked.length).toBeGreaterThanOrEqual(3);
  expect(asked.length).toBeLessThanOrEqual(15);
  expect(Math.max(...gaps(asked))).toBeGreaterThan(5000);
  fails = false;
  await world.pass(MINUTE);
  expect(await world.until(firstValueFrom(ann.watch({ of: 'connection' })))).toMatchObject({ state: 'live' });
});

it('if getToken returns the same short token again, a client does not call getToken in a loop (F115)', async () => {
  const world = createTestWorld({ seed: 118 });
  const token = world.server.token('ann', MINUTE / 2);
  let asked = 0;
  const phone = world.device('ann', 'phone', async () => {
    asked++;
    return token;
  });
  await world.open(phone);
  await world.pass(MINUTE / 2 - 500);
  expect(asked).toBeGreaterThanOrEqual(3);
  expect(asked).toBeLessThanOrEqual(10);
});
