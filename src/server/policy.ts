/** What this server takes and allows. Told to clients in the handshake, never a constant in them. */
import * as v from 'valibot';
import { UsageError } from '../errors.ts';
import { readOptions } from '../model/option-names.ts';
import { MAX_CLIENT_FRAME_BYTES } from '../protocol/codec.ts';
import type { Limits, ReceiptPolicy } from '../protocol/frames.ts';
import { LimitsShape, ReceiptPolicyShape } from '../protocol/hello.ts';

export interface Policy {
  readonly limits: Limits;
  readonly receipts: ReceiptPolicy;
  /** Per user, all connections together: entries a second, and how many at once after a quiet time. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

export const DEFAULT_POLICY: Policy = {
  limits: { entries: 100, frameBytes: MAX_CLIENT_FRAME_BYTES, fetchMessages: 2000, receiptIds: 100, members: 100, heartbeatMs: 25_000 },
  receipts: { groups: false, mayRequest: 'members', windowMs: 3 * 24 * 60 * 60 * 1000, maxMembers: 200, visibleTo: 'sender' },
  rate: { perSecond: 2000, burst: 20_000 },
};

export interface PolicyChange {
  readonly limits?: Partial<Limits>;
  readonly receipts?: Partial<ReceiptPolicy>;
  readonly rate?: Partial<Policy['rate']>;
}

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const PolicyShape = v.strictObject({
  limits: v.strictObject({
    ...LimitsShape.entries,
    entries: v.pipe(LimitsShape.entries.entries, v.maxValue(500)),
    frameBytes: v.pipe(LimitsShape.entries.frameBytes, v.maxValue(MAX_CLIENT_FRAME_BYTES)),
    // As many fit into one frame, whatever their ids are made of.
    receiptIds: v.pipe(LimitsShape.entries.receiptIds, v.maxValue(250)),
  }),
  receipts: ReceiptPolicyShape,
  rate: v.strictObject({ perSecond: Positive, burst: Positive }),
});

const LIMITS = { entries: 1, frameBytes: 1, fetchMessages: 1, receiptIds: 1, members: 1, heartbeatMs: 1 } as const;
const RECEIPTS = { groups: 1, mayRequest: 1, windowMs: 1, maxMembers: 1, visibleTo: 1 } as const;
const CODE = 'usage/invalid-option';

/** What is named changes, the rest stays. @throws {UsageError} `usage/invalid-option`, also for an unknown name. */
export const changePolicy = (policy: Policy, change: PolicyChange): Policy => {
  const { limits, receipts, rate } = readOptions(change, 'policy', { limits: 1, receipts: 1, rate: 1 }, CODE);
  const changed = {
    limits: { ...policy.limits, ...readOptions(limits, 'policy.limits', LIMITS, CODE) },
    receipts: { ...policy.receipts, ...readOptions(receipts, 'policy.receipts', RECEIPTS, CODE) },
    rate: { ...policy.rate, ...readOptions(rate, 'policy.rate', { perSecond: 1, burst: 1 }, CODE) },
  };
  const result = v.safeParse(PolicyShape, changed, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new UsageError(CODE, `policy.${v.getDotPath(issue) ?? ''}: ${issue.message}`);
};

/** One allowance per user, refilled as time passes; users at rest cost nothing. */
export class TokenBuckets {
  readonly #spent = new Map<string, { spent: number; at: number }>();

  /** @returns 0 where the cost was taken, else after how many ms to try again. */
  take(userId: string, cost: number, { perSecond, burst }: Policy['rate'], monoMs: number): number {
    const before = this.#spent.get(userId);
    const left = before ? Math.max(0, before.spent - ((monoMs - before.at) / 1000) * perSecond) : 0;
    if (left > 0 && left + cost > burst) return Math.max(1, Math.ceil(((left + cost - burst) / perSecond) * 1000));
    this.#spent.set(userId, { spent: left + cost, at: monoMs });
    if (this.#spent.size > 10_000) this.#forget(perSecond, monoMs);
    return 0;
  }

  #forget(perSecond: number, monoMs: number): void {
    for (const [userId, { spent, at }] of this.#spent) if (((monoMs - at) / 1000) * perSecond >= spent) this.#spent.delete(userId);
  }
}
