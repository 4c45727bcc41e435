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
  /**
   * Per user, all connections together: entries or KiB of answers a second, and how many at once after a quiet time. An entry of a frame
   * counts one, and so does each KiB that is sent as an answer to a question.
   */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  /** WebSockets and HTTP requests in flight, together. */
  readonly connections: {
    readonly perUser: number;
    /** Behind a proxy all connections come from one address, unless `addressOf` says otherwise. */
    readonly perAddress: number;
    /** Connections of one address whose token has not been checked yet. */
    readonly unnamedPerAddress: number;
  };
}

export const DEFAULT_POLICY: Policy = {
  limits: { entries: 100, frameBytes: MAX_CLIENT_FRAME_BYTES, fetchMessages: 2000, receiptIds: 100, members: 100, heartbeatMs: 25_000 },
  receipts: { groups: false, mayRequest: 'members', windowMs: 3 * 24 * 60 * 60 * 1000, maxMembers: 200, visibleTo: 'sender' },
  rate: { perSecond: 2000, burst: 20_000 },
  connections: { perUser: 64, perAddress: 4096, unnamedPerAddress: 256 },
};

export interface PolicyChange {
  readonly limits?: Partial<Limits>;
  readonly receipts?: Partial<ReceiptPolicy>;
  readonly rate?: Partial<Policy['rate']>;
  readonly connections?: Partial<Policy['connections']>;
}

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
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
  connections: v.strictObject({ perUser: Count, perAddress: Count, unnamedPerAddress: Count }),
});

const LIMITS = { entries: 1, frameBytes: 1, fetchMessages: 1, receiptIds: 1, members: 1, heartbeatMs: 1 } as const;
const RECEIPTS = { groups: 1, mayRequest: 1, windowMs: 1, maxMembers: 1, visibleTo: 1 } as const;
const CONNECTIONS = { perUser: 1, perAddress: 1, unnamedPerAddress: 1 } as const;
const POLICY = { limits: 1, receipts: 1, rate: 1, connections: 1 } as const;
const CODE = 'usage/invalid-option';

/** What is named changes, the rest stays. @throws {UsageError} `usage/invalid-option`, also for an unknown name. */
export const changePolicy = (policy: Policy, change: PolicyChange): Policy => {
  const { limits, receipts, rate, connections } = readOptions(change, 'policy', POLICY, CODE);
  const changed = {
    limits: { ...policy.limits, ...readOptions(limits, 'policy.limits', LIMITS, CODE) },
    receipts: { ...policy.receipts, ...readOptions(receipts, 'policy.receipts', RECEIPTS, CODE) },
    rate: { ...policy.rate, ...readOptions(rate, 'policy.rate', { perSecond: 1, burst: 1 }, CODE) },
    connections: { ...policy.connections, ...readOptions(connections, 'policy.connections', CONNECTIONS, CODE) },
  };
  const result = v.safeParse(PolicyShape, changed, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new UsageError(CODE, `policy.${v.getDotPath(issue) ?? ''}: ${issue.message}`);
};

/** A user owes no more than what refills in this long, however much was answered at once. */
const MAX_DEBT_SECONDS = 60;
/** Users remembered before the first look for those whose allowance is full again. */
const FEW_USERS = 10_000;

/** One allowance per user, refilled as time passes; users at rest cost nothing. */
export class TokenBuckets {
  private readonly spent = new Map<string, { spent: number; at: number }>();
  private forgetAbove = FEW_USERS;

  /** @returns 0 where the cost was taken, else after how many ms to try again. */
  take(userId: string, cost: number, { perSecond, burst }: Policy['rate'], monoMs: number): number {
    const left = this.left(userId, perSecond, monoMs);
    if (left > 0 && left + cost > burst) return Math.max(1, Math.ceil(((left + cost - burst) / perSecond) * 1000));
    this.put(userId, left + cost, perSecond, monoMs);
    return 0;
  }

  /** Takes what turned out to be the cost, even above the allowance: the user's next frames wait for it. */
  charge(userId: string, cost: number, { perSecond, burst }: Policy['rate'], monoMs: number): void {
    const spent = Math.min(this.left(userId, perSecond, monoMs) + cost, burst + MAX_DEBT_SECONDS * perSecond);
    this.put(userId, spent, perSecond, monoMs);
  }

  private left(userId: string, perSecond: number, monoMs: number): number {
    const before = this.spent.get(userId);
    return before ? Math.max(0, before.spent - ((monoMs - before.at) / 1000) * perSecond) : 0;
  }

  private put(userId: string, spent: number, perSecond: number, monoMs: number): void {
    this.spent.set(userId, { spent, at: monoMs });
    if (this.spent.size > this.forgetAbove) this.forget(perSecond, monoMs);
  }

  /** The next look comes when the number has doubled, so that many busy users do not make each frame walk them all. */
  private forget(perSecond: number, monoMs: number): void {
    for (const userId of this.spent.keys()) if (this.left(userId, perSecond, monoMs) === 0) this.spent.delete(userId);
    this.forgetAbove = Math.max(FEW_USERS, this.spent.size * 2);
  }
}
