import { expect, it } from 'vitest';
import { changePolicy, DEFAULT_POLICY } from '../../../src/server/policy.ts';

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
