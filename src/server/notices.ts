/**
 * Facts for every server of a store, also if the bus loses a hint: revoked users, and the policy. Both are notices in
 * the store, numbered in the order of their commits.
 *
 *   revoke, setPolicy ─▶ notice in the store ─▶ hint ─▶ every server reads the notices behind the last one it knows
 *                                            every 4 s ─▶ (a lost hint)
 */
import { errorDetails } from '../logging.ts';
import type { UserId } from '../model/ids.ts';
import type { Core } from './core.ts';
import { mergeChanges, type PolicyChange } from './policy.ts';
import type { NoticeRecord } from './store/records.ts';
import { persist } from './store/persist.ts';

const READ_EVERY_MS = 4000;
/** A server that did not read for half of this time ends all its connections, because a notice may be gone. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** A server that starts heeds revocations of this time: a connection may have come before its first read. */
const JUST_NOW_MS = 60_000;

export interface Heeds {
  revoked(userId: UserId): void;
  policy(stored: PolicyChange): void;
  /** Notices may be lost. */
  lost(): void;
  /** All notices of the store are in effect: called after each read. */
  known(): void;
}

export class Notices {
  private last: number | undefined;
  private readAt: number;
  private reading: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly core: Pick<Core, 'store' | 'clock' | 'bus' | 'log'>,
    private readonly heeds: Heeds,
  ) {
    this.readAt = core.clock.mono();
    void this.read();
    this.scheduleRead();
  }

  /** Resolves when the store holds the revocation. */
  async revoke(userId: UserId): Promise<void> {
    await this.put('revoke', () => userId);
    // Every server reads the notice now. A later read would also end the connections that the user has opened since.
    this.core.bus.publish({ kind: 'notices' });
  }

  /** Resolves when the store holds the change. */
  async changePolicy(change: PolicyChange): Promise<void> {
    await this.put('policy', (before) =>
      JSON.stringify(mergeChanges(before === undefined ? {} : (JSON.parse(before) as PolicyChange), change)),
    );
    await this.read();
    this.core.bus.publish({ kind: 'notices' });
  }

  /** Reads the new notices, and resolves after acting on them. All calls during a read share one more read. */
  read(): Promise<void> {
    if (this.reading) this.again = true;
    return (this.reading ??= this.readWhileAsked().finally(() => (this.reading = undefined)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel();
    await this.reading;
  }

  private async readWhileAsked(): Promise<void> {
    this.again = false;
    try {
      await this.readOnce();
    } catch (error) {
      this.core.log('error', 'notices-not-read', errorDetails(error));
    }
    if (this.isAskedAgain()) await this.readWhileAsked();
  }

  private isAskedAgain(): boolean {
    return this.again && !this.stopped;
  }

  private async readOnce(): Promise<void> {
    const { store, clock } = this.core;
    const after = this.last ?? 0;
    const { notices, begunAt } = await store.read('notices', async (tx) => ({ notices: await tx.notices(after), begunAt: tx.begunAt }));
    const now = clock.mono();
    if (now - this.readAt > KEPT_MS / 2) this.heeds.lost();
    this.readAt = now;
    for (const notice of notices) {
      if (notice.kind === 'policy') this.takePolicy(notice.value);
      else if (this.last !== undefined || notice.at > begunAt - JUST_NOW_MS) this.heeds.revoked(notice.value);
    }
    this.last = notices.at(-1)?.number ?? after;
    this.heeds.known();
  }

  /** A policy of a newer server may be unknown here. An unknown policy must not hold back the later notices. */
  private takePolicy(stored: string): void {
    try {
      this.heeds.policy(JSON.parse(stored) as PolicyChange);
    } catch (error) {
      this.core.log('error', 'policy-not-read', errorDetails(error));
    }
  }

  private put(kind: NoticeRecord['kind'], valueAfter: (before: string | undefined) => string): Promise<void> {
    return persist(this.core, kind, async (tx) => {
      await tx.lockNotices();
      const at = await tx.now();
      const before = (await tx.notices(0)).findLast((notice) => notice.kind === kind)?.value;
      await tx.putNotice({ kind, value: valueAfter(before), at }, at - KEPT_MS);
    });
  }

  private scheduleRead(): void {
    this.cancel = this.core.clock.timer(READ_EVERY_MS, () => {
      void this.read().then(() => this.stopped || this.scheduleRead());
    });
  }
}
