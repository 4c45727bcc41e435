import { describe, expect, it } from 'vitest';
import { TokenBuckets } from '../../../src/server/token-buckets.ts';

const RATE = { perSecond: 10, burst: 20 };

describe('the rate limit of a user', () => {
  it('the rate limit allows a burst, then names the exact time to wait (F107)', () => {
    const buckets = new TokenBuckets();
    expect(buckets.take('a', 20, RATE, 0)).toBe(0);
    const wait = buckets.take('a', 5, RATE, 0);
    expect(wait).toBe(500);
    expect(buckets.take('a', 5, RATE, wait - 1)).toBeGreaterThan(0);
    expect(buckets.take('a', 5, RATE, wait)).toBe(0);
  });

  it('each user has an own rate limit (F107)', () => {
    const buckets = new TokenBuckets();
    buckets.take('a', 20, RATE, 0);
    expect(buckets.take('b', 20, RATE, 0)).toBe(0);
  });

  it('the rate limit lets a frame larger than the burst pass if the bucket is full, because no bucket is ever fuller', () => {
    const buckets = new TokenBuckets();
    expect(buckets.take('a', 50, RATE, 0)).toBe(0);
    expect(buckets.take('a', 1, RATE, 0)).toBe(3100);
  });

  it('two servers take one allowance: what is spent at one is missing at the other, up to a tenth of the burst (F107)', () => {
    let now = 0;
    const servers: TokenBuckets[] = [];
    // A bus brings each hint to its own server too.
    const tell = (userId: string, cost: number): void => {
      for (const server of servers) server.spentElsewhere(userId, cost, RATE, now);
    };
    for (let i = 0; i < 3; i++) servers.push(new TokenBuckets(tell));
    let taken = 0;
    for (let round = 0; round < 100; round++) for (const server of servers) if (server.take('a', 0.5, RATE, 0) === 0) taken += 0.5;
    expect(taken).toBeLessThanOrEqual(20 * 1.2);
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(servers[0]!.take('b', 20, RATE, 0)).toBe(0);
    // Refilled for all servers together.
    taken = 0;
    for (now = 0; now <= 10_000; now += 100) for (const server of servers) while (server.take('c', 1, RATE, now) === 0) taken++;
    expect(taken).toBeLessThanOrEqual(20 * 1.2 + 100);
  });
});
