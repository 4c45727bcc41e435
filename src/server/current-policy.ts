/**
 * The policy in effect at one server:
 *
 *   default ─▶ option `policy` ─▶ the stored changes ─▶ changes of this server that the store does not hold yet
 */
import { changePolicy, mergeChanges, type Policy, type PolicyChange } from './policy.ts';

const KEEP_ALL: Policy['retention'] = { days: null, messagesPerConversation: null };

export class CurrentPolicy {
  private stored: PolicyChange = {};
  /** Whether this server knows every value of the stored policy. A newer server may have stored another. */
  private isStoredKnown = true;
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

  /** Which messages end. While the stored policy is unknown none end: it may keep messages that the older policy here would end. */
  get retention(): Policy['retention'] {
    return this.isStoredKnown ? this.inEffect.retention : KEEP_ALL;
  }

  /** Takes all stored changes. @throws {UsageError} for a policy that this server does not know: the policy of before stays in effect. */
  take(stored: PolicyChange): void {
    try {
      changePolicy(this.base, stored);
    } catch (error) {
      this.derive(false);
      throw error;
    }
    this.stored = stored;
    this.derive(true);
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

  private derive(isStoredKnown = this.isStoredKnown): void {
    const before = this.text();
    this.isStoredKnown = isStoredKnown;
    this.inEffect = [...this.pending].reduce(changePolicy, changePolicy(this.base, this.stored));
    if (this.text() !== before) this.changed();
  }

  private text(): string {
    return JSON.stringify([this.inEffect, this.retention]);
  }
}
