/** Hints between the connections of one server, or of several: whose conversations changed. They may be lost, doubled or late. */
import type { UserId } from '../model/ids.ts';

export interface HintBus {
  /** Says that something changed for these users; carries nothing of what. */
  publish(userIds: readonly UserId[]): void;
  /** Calls `fn` with every hint; returns how to stop. */
  subscribe(fn: (userIds: readonly UserId[]) => void): () => void;
}

/** The bus of a server that runs alone. */
export const createLocalBus = (): HintBus => {
  const listeners = new Set<(userIds: readonly UserId[]) => void>();
  return {
    publish: (userIds) => {
      for (const listener of [...listeners]) listener(userIds);
    },
    subscribe: (fn) => {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
  };
};
