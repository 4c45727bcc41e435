/**
 * Carries hints between the connections of one server, or of several servers. A hint says where something changed, never what: its
 * receiver reads the store. A hint may be lost, doubled or late.
 */
import type { UserId } from '../../model/ids.ts';

/** Users with changes to read. */
export interface NewsHint {
  /**
   * `receipts`: only receipts of group messages changed. A connection sends such receipts together, a few times a
   * second.
   */
  readonly kind: 'changes' | 'receipts';
  /** The users. */
  readonly userIds: readonly UserId[];
  /** The connection of this server whose client knows the changes already, from the answer to its entries. */
  readonly told?: string;
}

/** What a server tells the others. `userIds`, `userId` and `groupIds` name whom it concerns. */
export type Hint =
  | NewsHint
  /** The connections of these users end. */
  | { readonly kind: 'revoke'; readonly userIds: readonly UserId[] }
  /** The directory says something new about the members of these groups. */
  | { readonly kind: 'members'; readonly groupIds: readonly string[] }
  /** The user has spent this of the allowance at a server. */
  | {
      readonly kind: 'spent';
      readonly userId: UserId;
      /** Entries, and KiB of answers. */
      readonly cost: number;
    }
  /** The store holds new notices: a policy, a revocation. */
  | { readonly kind: 'notices' }
  /** Hints were lost: every connection reads its changes, and the server reads what else is kept in the store. */
  | { readonly kind: 'gap' };

/** Carries hints between servers. */
export interface HintBus {
  /** Brings the hint to the listeners of this process before it returns, and later to other servers. Never throws. */
  publish(hint: Hint): void;
  /** Calls `fn` with every hint. @returns a function that ends the subscription. */
  subscribe(fn: (hint: Hint) => void): () => void;
  /**
   * The user has a connection to this server now. A bus may leave out hints for other users. A bus that left out
   * hints for this user until now brings one hint `changes` as soon as all later hints arrive.
   */
  watch?(userId: UserId): void;
  /** Calls `lag` with the time of a hint of this server through the bus and back, for the hints that come back. */
  measure?(lag: (ms: number) => void): void;
  /** True if no other server shares the store. */
  readonly isLocal?: boolean;
  /** Ends the bus; `close()` of the server calls it. */
  close?(): Promise<void>;
}

/** The bus of a single server, in one process. */
export const createLocalBus = (): HintBus => {
  const listeners = new Set<(hint: Hint) => void>();
  return {
    isLocal: true,
    publish: (hint) => {
      for (const listener of [...listeners]) listener(hint);
    },
    subscribe: (fn) => {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
  };
};
