/**
 * The policy in effect at one server:
 *
 *   default ─▶ option `policy` ─▶ the stored changes ─▶ changes of this server that the store does not hold yet
 */
import { changePolicy, mergeChanges, type Policy, type PolicyChange } from './policy.ts';

export class CurrentPolicy {
  private stored: PolicyChange = {};
  private readonly pending = new Set<PolicyChange>();
  private inEffect: Policy;

  /** @param changed called after each change of the policy in effect. */
  constructor(
    private readonly base: Policy,
    private readonly changed: () => void,
  ) {
    this.inEffect = base;
  }

  get value(): Policy {
    return this.inEffect;
  }

  /** Takes all stored changes. @throws {UsageError} for a policy that this server does not know. */
  take(stored: PolicyChange): void {
    changePolicy(this.base, stored);
    this.stored = stored;
    this.derive();
  }

  /**
   * The change is in effect at once, and stays in effect after the store has confirmed the change. @throws
   * {UsageError} at once, for an invalid change.
   *
   * @param store resolves when this server has taken the stored changes, with this one; absent if no other server shares the store.
   */
  change(change: PolicyChange, store: ((change: PolicyChange) => Promise<void>) | undefined): Promise<void> {
    changePolicy(this.inEffect, change);
    if (!store) {
      this.take(mergeChanges(this.stored, change));
      return Promise.resolve();
    }
    const mine = { ...change };
    this.pending.add(mine);
    this.derive();
    return store(mine).finally(() => {
      this.pending.delete(mine);
      this.derive();
    });
  }

  private derive(): void {
    const before = JSON.stringify(this.inEffect);
    this.inEffect = [...this.pending].reduce(changePolicy, changePolicy(this.base, this.stored));
    if (JSON.stringify(this.inEffect) !== before) this.changed();
  }
}
