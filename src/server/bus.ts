/**
 * Carries hints between the connections of one server, or of several servers. A hint names users with
 * changes. A hint may be lost, doubled or late.
 */
import type { UserId } from '../model/ids.ts';

/**
 * Users with a change. The hint does not contain the change: the connection reads the change from the store.
 */
export interface Hint {
  /**
   * `receipts`: only receipts of group messages changed. A connection passes them on a few times a second,
   * not one by one.
   */
  readonly kind: 'changes' | 'receipts';
  readonly userIds: readonly UserId[];
}

export interface HintBus {
  publish(hint: Hint): void;
  /** Calls `fn` with every hint. @returns a function that ends the subscription. */
  subscribe(fn: (hint: Hint) => void): () => void;
}

/** The bus of a single server, in one process. */
export const createLocalBus = (): HintBus => {
  const listeners = new Set<(hint: Hint) => void>();
  return {
    publish: (hint) => {
      for (const listener of [...listeners]) listener(hint);
    },
    subscribe: (fn) => {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
  };
};
