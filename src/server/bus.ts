/** Hints between the connections of one server, or of several: whose conversations changed. They may be lost, doubled or late. */
import type { UserId } from '../model/ids.ts';

/** Says that something changed for these users; carries nothing of what. */
export interface Hint {
  /** `receipts`: nothing but what readers told of group messages, which is passed on a few times a second and not for each of them. */
  readonly kind: 'changes' | 'receipts';
  readonly userIds: readonly UserId[];
}

export interface HintBus {
  publish(hint: Hint): void;
  /** Calls `fn` with every hint; returns how to stop. */
  subscribe(fn: (hint: Hint) => void): () => void;
}

/** The bus of a server that runs alone. */
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
