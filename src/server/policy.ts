/**
 * The rules and limits of this server. Clients learn the limits in the handshake. Until then they assume the
 * limits of a server with the default policy.
 */
import * as v from 'valibot';
import { UsageError } from '../errors.ts';
import { readOptions } from '../model/option-names.ts';
import { MAX_CLIENT_FRAME_BYTES, DEFAULT_LIMITS } from '../protocol/limits.ts';
import type { Limits, ReceiptPolicy } from '../protocol/frames.ts';
import { LimitsShape, ReceiptPolicyShape } from '../protocol/hello.ts';

/** The rules of a server. A default stands for each value that a host does not set. */
export interface Policy {
  /** The limits of frames and entries. Clients learn them in the handshake. */
  readonly limits: Limits;
  /** Whether groups have receipts, who may ask for them, for how long, and who sees the numbers. */
  readonly receipts: ReceiptPolicy;
  /**
   * How long the server keeps messages; null: without a limit. A message that is older, or above the number of its conversation, ends: the
   * server deletes it with its receipts, and so do the devices.
   */
  readonly retention: {
    /** The age at which a message ends, in days. Default null. */
    readonly days: number | null;
    /** The messages that a conversation keeps at most. Default null. */
    readonly messagesPerConversation: number | null;
  };
  /**
   * The allowance of one user, over all connections: `perSecond` refills it, `burst` is its size. Each entry
   * of a submitted frame costs 1, and so does each KiB of an answer to a question. The servers of one store tell each other what a user
   * spends: with N servers a user has at most 1 + (N − 1) / 10 times the burst.
   */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  /** Limits that count WebSockets and HTTP requests in flight together, on each server for itself. */
  readonly connections: {
    /** The limit of one user. */
    readonly perUser: number;
    /**
     * The limit of one address. Behind a proxy all connections come from one address, unless `addressOf` says
     * otherwise.
     */
    readonly perAddress: number;
    /** The limit of one address for connections without a checked token. */
    readonly unnamedPerAddress: number;
  };
}

export const DEFAULT_POLICY: Policy = {
  limits: DEFAULT_LIMITS,
  receipts: { groups: false, mayRequest: 'members', windowMs: 3 * 24 * 60 * 60 * 1000, maxMembers: 200, visibleTo: 'sender' },
  retention: { days: null, messagesPerConversation: null },
  rate: { perSecond: 2000, burst: 20_000 },
  connections: { perUser: 64, perAddress: 4096, unnamedPerAddress: 256 },
};

/** The values of a policy to change; others stay. */
export interface PolicyChange {
  /** Limits of frames and entries to change. */
  readonly limits?: Partial<Limits>;
  /** Rules of group receipts to change. */
  readonly receipts?: Partial<ReceiptPolicy>;
  /** Limits of the server's history to change. */
  readonly retention?: Partial<Policy['retention']>;
  /** The allowance of a user to change. */
  readonly rate?: Partial<Policy['rate']>;
  /** Limits of connections to change. */
  readonly connections?: Partial<Policy['connections']>;
}

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const PolicyShape = v.strictObject({
  limits: v.strictObject({
    ...LimitsShape.entries,
    entries: v.pipe(LimitsShape.entries.entries, v.maxValue(500)),
    frameBytes: v.pipe(LimitsShape.entries.frameBytes, v.maxValue(MAX_CLIENT_FRAME_BYTES)),
    // A frame has room for 250 ids of any characters.
    receiptIds: v.pipe(LimitsShape.entries.receiptIds, v.maxValue(250)),
  }),
  receipts: ReceiptPolicyShape,
  retention: v.strictObject({ days: v.nullable(Positive), messagesPerConversation: v.nullable(Count) }),
  rate: v.strictObject({ perSecond: Positive, burst: Positive }),
  connections: v.strictObject({ perUser: Count, perAddress: Count, unnamedPerAddress: Count }),
});

const LIMITS = { entries: 1, frameBytes: 1, fetchMessages: 1, receiptIds: 1, members: 1, heartbeatMs: 1 } as const;
const RECEIPTS = { groups: 1, mayRequest: 1, windowMs: 1, maxMembers: 1, visibleTo: 1 } as const;
const CONNECTIONS = { perUser: 1, perAddress: 1, unnamedPerAddress: 1 } as const;
const RETENTION = { days: 1, messagesPerConversation: 1 } as const;
const POLICY = { limits: 1, receipts: 1, retention: 1, rate: 1, connections: 1 } as const;
const CODE = 'usage/invalid-option';

/**
 * Applies a change to a policy; unnamed fields stay. @throws {UsageError} `usage/invalid-option`, also for an
 * unknown name.
 */
export const changePolicy = (policy: Policy, change: PolicyChange): Policy => {
  const { limits, receipts, retention, rate, connections } = readOptions(change, 'policy', POLICY, CODE);
  const changed = {
    limits: { ...policy.limits, ...readOptions(limits, 'policy.limits', LIMITS, CODE) },
    receipts: { ...policy.receipts, ...readOptions(receipts, 'policy.receipts', RECEIPTS, CODE) },
    retention: { ...policy.retention, ...readOptions(retention, 'policy.retention', RETENTION, CODE) },
    rate: { ...policy.rate, ...readOptions(rate, 'policy.rate', { perSecond: 1, burst: 1 }, CODE) },
    connections: { ...policy.connections, ...readOptions(connections, 'policy.connections', CONNECTIONS, CODE) },
  };
  const result = v.safeParse(PolicyShape, changed, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new UsageError(CODE, `policy.${v.getDotPath(issue) ?? ''}: ${issue.message}`);
};

/** Both changes as one change; the later value wins. */
export const mergeChanges = (before: PolicyChange, later: PolicyChange): PolicyChange => ({
  limits: { ...before.limits, ...later.limits },
  receipts: { ...before.receipts, ...later.receipts },
  retention: { ...before.retention, ...later.retention },
  rate: { ...before.rate, ...later.rate },
  connections: { ...before.connections, ...later.connections },
});
