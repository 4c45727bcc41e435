/**
 * The allowances of the users. A user may spend the allowance at any server of a store, so the servers tell each other what they took:
 *
 *   frame, answer ─▶ bucket of this server ── each tenth of `burst` ──▶ hint `spent` ─▶ buckets of the other servers
 *
 * What N servers have not told yet is at most N tenths. So a user gets at most 1 + (N − 1) / 10 times the burst, and afterwards `perSecond`
 * over all servers. While the bus is away, each server counts alone.
 */
import type { UserId } from '../model/ids.ts';
import type { Policy } from './policy.ts';

/** The largest debt of a user, in seconds of refill, however long an answer was. */
const MAX_DEBT_SECONDS = 60;
/** Number of users above which the first cleanup runs. A cleanup forgets users with a full allowance. */
const FEW_USERS = 10_000;
/** The part of `burst` that a server takes before it tells the other servers. */
const TOLD_PART = 0.1;

type Rate = Policy['rate'];

interface Bucket {
  readonly spent: number;
  /** Spent at this server, and not told yet. */
  readonly untold: number;
  readonly at: number;
}

/**
 * One allowance per user, refilled as time passes. Users with a full allowance are forgotten, so idle users
 * cost nothing.
 */
export class TokenBuckets {
  private readonly buckets = new Map<UserId, Bucket>();
  private forgetAbove = FEW_USERS;
  /** The bus brings each hint to this server too. */
  private isTelling = false;

  /** @param tell tells the other servers what the user has spent here; it returns after the listeners of this process. */
  constructor(private readonly tell?: (userId: UserId, cost: number) => void) {}

  /** @returns 0 if the cost was taken, otherwise the ms until the user may try again. */
  take(userId: UserId, cost: number, rate: Rate, monoMs: number): number {
    const { perSecond, burst } = rate;
    const left = this.left(userId, perSecond, monoMs);
    if (left > 0 && left + cost > burst) return Math.max(1, Math.ceil(((left + cost - burst) / perSecond) * 1000));
    this.spend(userId, left + cost, cost, rate, monoMs);
    return 0;
  }

  /**
   * Takes the cost of an answer after the fact, even above the allowance. The user's next frames wait until
   * the debt is refilled.
   */
  charge(userId: UserId, cost: number, rate: Rate, monoMs: number): void {
    this.spend(userId, this.withDebt(userId, cost, rate, monoMs), cost, rate, monoMs);
  }

  /** Takes what the user has spent at another server. */
  spentElsewhere(userId: UserId, cost: number, rate: Rate, monoMs: number): void {
    if (this.isTelling) return;
    const untold = this.buckets.get(userId)?.untold ?? 0;
    this.put(userId, { spent: this.withDebt(userId, cost, rate, monoMs), untold, at: monoMs }, rate.perSecond);
  }

  private spend(userId: UserId, spent: number, cost: number, rate: Rate, monoMs: number): void {
    const untold = (this.buckets.get(userId)?.untold ?? 0) + cost;
    const tell = untold < rate.burst * TOLD_PART ? undefined : this.tell;
    this.put(userId, { spent, untold: tell ? 0 : untold, at: monoMs }, rate.perSecond);
    this.isTelling = true;
    tell?.(userId, untold);
    this.isTelling = false;
  }

  private withDebt(userId: UserId, cost: number, { perSecond, burst }: Rate, monoMs: number): number {
    return Math.min(this.left(userId, perSecond, monoMs) + cost, burst + MAX_DEBT_SECONDS * perSecond);
  }

  private left(userId: UserId, perSecond: number, monoMs: number): number {
    const before = this.buckets.get(userId);
    return before ? Math.max(0, before.spent - ((monoMs - before.at) / 1000) * perSecond) : 0;
  }

  private put(userId: UserId, bucket: Bucket, perSecond: number): void {
    this.buckets.set(userId, bucket);
    if (this.buckets.size > this.forgetAbove) this.forget(perSecond, bucket.at);
  }

  /**
   * Forgets users with a full allowance. The next cleanup comes when the number of users has doubled, so that
   * many busy users do not make every frame walk all of them.
   */
  private forget(perSecond: number, monoMs: number): void {
    for (const userId of this.buckets.keys()) if (this.left(userId, perSecond, monoMs) === 0) this.buckets.delete(userId);
    this.forgetAbove = Math.max(FEW_USERS, this.buckets.size * 2);
  }
}
