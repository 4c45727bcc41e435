/** When a client connects again, and when the client gives up. */
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../../src/errors.ts';
import { disconnectReasonOfClose, disconnectReasonOfError } from '../../../src/engine/sync/connection/disconnect-reason.ts';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { BACKOFF_CAP_MS, backoffMs, RESTART_SPREAD_MS, UNREACHABLE_CAP_MS } from '../../../src/model/backoff.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { openDevice, openTab, reach } from '../../support/on-tab.ts';

const account = { userId: 'alice', deviceId: 'd' };

/** mulberry32: the crowd is the same in every run. */
const chance = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A socket's own hello. A request over HTTP is a list of frames. */
const isHello = (text: string): boolean => text.startsWith('{') && text.includes('"type":"hello"');

const CROWD = 5000;
/** Arrivals per second of a crowd that is spread evenly over this time. */
const steady = (ms: number): number => CROWD / (ms / 1000);

const peakOf = (arrivals: readonly number[]): number => {
  const perSecond = new Map<number, number>();
  for (const at of arrivals) perSecond.set(Math.floor(at / 1000), (perSecond.get(Math.floor(at / 1000)) ?? 0) + 1);
  return Math.max(...perSecond.values());
};

describe('5,000 clients that come back', () => {
  it('5,000 clients come back after an announced restart at no more than twice the even rate (F56)', () => {
    const next = chance(1);
    expect(disconnectReasonOfClose(account, CLOSE.restart, '', true)).toMatchObject({ next: 'again', inCrowd: true });
    const arrivals = Array.from({ length: CROWD }, () => backoffMs(0, next(), 0, { spreadMs: RESTART_SPREAD_MS }));
    expect(peakOf(arrivals)).toBeLessThanOrEqual(2 * steady(RESTART_SPREAD_MS));
    expect(Math.max(...arrivals)).toBeLessThanOrEqual(RESTART_SPREAD_MS);
  });

  it('5,000 clients come back after an outage of a minute at no more than twice the even rate (F56)', () => {
    const next = chance(2);
    const OUTAGE_MS = 60_000;
    const arrivals = Array.from({ length: CROWD }, () => {
      let at = 0;
      for (let attempt = 0; at < OUTAGE_MS; attempt++) at += backoffMs(attempt, next(), 0, { capMs: UNREACHABLE_CAP_MS });
      return at;
    });
    expect(peakOf(arrivals)).toBeLessThanOrEqual(2 * steady(UNREACHABLE_CAP_MS));
    expect(Math.max(...arrivals) - OUTAGE_MS).toBeLessThanOrEqual(UNREACHABLE_CAP_MS);
  });

  it('5,000 clients wait as long as the server asked, and then spread over the same time again (F56)', () => {
    const next = chance(3);
    const waits = Array.from({ length: CROWD }, () => backoffMs(0, next(), 20_000));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(40_000);
    expect(peakOf(waits)).toBeLessThanOrEqual((2 * CROWD) / 20);
  });

  it('waits are random between zero and their maximum, after any number of failures (F56, I-21)', () => {
    const next = chance(4);
    for (const attempt of [10, 20, 1000, 1e9]) {
      const waits = Array.from({ length: CROWD }, () => backoffMs(attempt, next()));
      const mean = waits.reduce((sum, ms) => sum + ms, 0) / CROWD;
      expect(Math.abs(mean - BACKOFF_CAP_MS / 2)).toBeLessThan(BACKOFF_CAP_MS / 40);
      expect(Math.max(...waits)).toBeLessThanOrEqual(BACKOFF_CAP_MS);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(150);
      for (let tenth = 0; tenth < 10; tenth++) {
        const inTenth = waits.filter((ms) => Math.min(9, Math.floor((ms / BACKOFF_CAP_MS) * 10)) === tenth).length;
        expect(Math.abs(inTenth - CROWD / 10)).toBeLessThan(CROWD / 40);
      }
    }
  });
});

describe('the meaning of close codes and error codes', () => {
  it('a close code is final from 3500 to 3999 and from 4500 on, code 4401 asks for another token, and every other code is retried (F59, F128)', () => {
    for (let code = 0; code <= 5000; code++) {
      for (const wasOpen of [true, false]) {
        const { next } = disconnectReasonOfClose(account, code, '', wasOpen);
        const expected =
          (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999) ? 'never' : code === 4401 ? 'another-token' : 'again';
        expect([code, next]).toEqual([code, expected]);
      }
    }
    expect(disconnectReasonOfClose(account, CLOSE.wrongUser, '', true).error.code).toBe('auth/wrong-user');
    expect(disconnectReasonOfClose(account, CLOSE.versionUnsupported, '', true).error.code).toBe('protocol/version-unsupported');
    // The client retries rarely after faults that only the operator can mend (F128).
    const seldom = { next: 'again', retryAfterMs: 60_000, error: { code: 'auth/origin-refused' } };
    expect(disconnectReasonOfClose(account, CLOSE.originRefused, '', true)).toMatchObject(seldom);
    expect(disconnectReasonOfError(account, { type: 'error', code: 'auth/origin-refused', message: 'why' })).toMatchObject(seldom);
    expect(disconnectReasonOfClose(account, CLOSE.tryLater, '', true).retryAfterMs).toBeGreaterThan(0);
  });

  it('every error frame has one meaning (F59)', () => {
    const meaning = (code: Parameters<typeof disconnectReasonOfError>[1]['code'], id?: number) =>
      disconnectReasonOfError(account, { type: 'error', code, message: '', ...(id === undefined ? {} : { id }) })?.next ?? 'goes on';
    expect(meaning('auth/wrong-user')).toBe('never');
    expect(meaning('protocol/version-unsupported')).toBe('never');
    expect(meaning('auth/expired')).toBe('another-token');
    expect(meaning('auth/forbidden')).toBe('another-token');
    expect(meaning('protocol/bad-frame')).toBe('again');
    expect(meaning('protocol/bad-frame', 7)).toBe('goes on');
    expect(meaning('protocol/cursor-unknown')).toBe('goes on');
    expect(meaning('server/busy')).toBe('goes on');
  });
});

it('a client retries a network that drops connections more and more slowly, until one connection has lasted 30 s (F57)', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  // The longest wait that random numbers give.
  device.changePorts = (ports) => ({ ...ports, random: { ...ports.random, next: () => 0.999 } });
  const hellos: number[] = [];
  const losses: number[] = [];
  const lose = (): void => {
    losses.push(world.time.now);
    device.network.cut();
  };
  let flapping = true;
  device.network.leaves = (_, text) => {
    if (!isHello(text)) return;
    hellos.push(world.time.now);
    if (flapping) world.time.schedule(1000, 'the network drops connections', lose);
  };
  const tab = await openTab(world, device);
  await reach(world, 'six losses', () => losses.length >= 6, 120_000);
  flapping = false;
  await reach(world, 'the seventh attempt', () => hellos.length === 7, 60_000);
  const waits = losses.slice(0, 6).map((at, n) => hellos[n + 1]! - at);
  expect(waits[5]).toBeGreaterThan(13_000);
  expect(waits[3]).toBeGreaterThan(3_500);
  await tab.live();
  await world.pass(32_000);
  lose();
  await reach(world, 'the next attempt', () => hellos.length === 8, 60_000);
  expect(hellos[7]! - losses.at(-1)!).toBeLessThan(3_500);
});

it.each([
  ['cannot check the token', () => new AuthError('auth/unavailable', 'the key server is away')],
  ['refuses the token', () => new AuthError('auth/forbidden', 'no such session')],
])(
  'a server that %s gets about one attempt a second from a client with a hundred nudges, and one at once from a single nudge (F56)',
  async (_, why) => {
    const world = createTestWorld();
    const [device, tab] = await openDevice(world, 'alice');
    await tab.live();
    const hellos: number[] = [];
    let askedFrom = -Infinity;
    const early: number[] = [];
    device.network.leaves = (_process, text) => {
      if (!isHello(text)) return;
      hellos.push(world.time.now);
      if (world.time.now < askedFrom) early.push(world.time.now);
    };
    device.network.arrives = (_process, frame) => {
      if (frame.type === 'error' && frame.code === 'server/busy') askedFrom = world.time.now + frame.retryAfterMs!;
    };
    const working = world.server.accepts;
    world.server.accepts = () => {
      throw why();
    };
    device.network.cut();
    for (let n = 0; n < 1000; n++) {
      tab.tab.life('visible');
      await world.pass(10);
    }
    expect(hellos.length).toBeGreaterThan(5);
    expect(hellos.length).toBeLessThan(15);
    expect(early).toEqual([]);
    await world.pass(600_000);
    world.server.accepts = working;
    hellos.length = 0;
    tab.tab.life('visible');
    await world.pass(200);
    expect(hellos).toHaveLength(1);
    await tab.live();
  },
);

it('sixty clients that a restart disconnected come back spread over time (F56)', async () => {
  const world = createTestWorld();
  const CLIENTS = 60;
  const backAt: number[] = [];
  let since = Infinity;
  for (let n = 0; n < CLIENTS; n++) {
    const [device, tab] = await openDevice(world, `user-${n}`);
    await tab.live();
    let isBack = false;
    device.network.leaves = (_, text) => {
      if (isBack || world.time.now < since || !isHello(text)) return;
      isBack = true;
      backAt.push(world.time.now - since);
    };
  }
  since = world.time.now;
  world.server.close();
  world.server.start();
  await reach(world, 'all clients', () => backAt.length === CLIENTS, 2 * RESTART_SPREAD_MS);
  // An even spread puts a fifth here. The bound is five standard deviations away.
  expect(backAt.filter((ms) => ms < RESTART_SPREAD_MS / 5).length).toBeLessThan(28);
});
