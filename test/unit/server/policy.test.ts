import { describe, expect, it } from 'vitest';
import { changePolicy, DEFAULT_POLICY, TokenBuckets } from '../../../src/server/policy.ts';

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
});

it.each([
  { receipts: { windowMs: -1 } },
  { receipts: { windowMs: Number.NaN } },
  { receipts: { visibleTo: 'everybody' } },
  { receipts: { groups: undefined } },
  { receipts: { sizes: 3 } },
  { limits: { entries: 501 } },
  { limits: { frameBytes: 65_537 } },
  { limits: { receiptIds: 251 } },
  { limits: { members: 0 } },
  { rate: { burst: 0 } },
  { connections: { perUser: 0 } },
])('a policy with an invalid value is refused: %j', (change) => {
  expect(() => changePolicy(DEFAULT_POLICY, change as object)).toThrow(expect.objectContaining({ code: 'usage/invalid-option' }) as Error);
});

it('setPolicy changes the named values and keeps the rest', () => {
  const changed = changePolicy(DEFAULT_POLICY, { limits: { entries: 7 }, rate: { burst: 1 } });
  expect(changed).toEqual({
    limits: { ...DEFAULT_POLICY.limits, entries: 7 },
    receipts: DEFAULT_POLICY.receipts,
    retention: { days: null, messagesPerConversation: null },
    rate: { perSecond: 2000, burst: 1 },
    connections: DEFAULT_POLICY.connections,
  });
});

it('a limit of the retention is a positive number, or null for none', () => {
  const limited = changePolicy(DEFAULT_POLICY, { retention: { days: 30 } });
  expect(limited.retention).toEqual({ days: 30, messagesPerConversation: null });
  expect(changePolicy(limited, { retention: { days: null } }).retention).toEqual(DEFAULT_POLICY.retention);
  for (const wrong of [{ days: 0 }, { days: Infinity }, { messagesPerConversation: 0.5 }])
    expect(() => changePolicy(DEFAULT_POLICY, { retention: wrong })).toThrow(/policy\.retention\.(days|messagesPerConversation)/);
  expect(() => changePolicy(DEFAULT_POLICY, { retention: { day: 3 } as object })).toThrow('did you mean "days"?');
});
