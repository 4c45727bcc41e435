/** The seqs of messages requested by this tab, to prevent a second request. A reset of the history clears the set, and so does `dropCachedMessages`. */
import type { ConversationId } from '../../model/ids.ts';
import { NO_RANGES, type Ranges, subtract, union } from '../../model/registers/ranges.ts';
import type { AccountState } from '../state/account-state.ts';

export class RequestedSeqs {
  private readonly seqs = new Map<ConversationId, Ranges>();
  private requestable: object | null = null;

  constructor(private readonly source: { readonly model: AccountState }) {}

  has(id: ConversationId): boolean {
    return this.known().has(id);
  }

  of(id: ConversationId): Ranges {
    return this.known().get(id) ?? NO_RANGES;
  }

  add(id: ConversationId, seqs: Ranges): void {
    this.known().set(id, union(this.of(id), seqs));
  }

  /** The messages did not come, so they may be requested again. */
  forget(id: ConversationId, seqs: Ranges): void {
    this.known().set(id, subtract(this.of(id), seqs));
  }

  clear(): void {
    this.seqs.clear();
  }

  private known(): Map<ConversationId, Ranges> {
    const { requestable } = this.source.model;
    if (requestable !== this.requestable) this.seqs.clear();
    this.requestable = requestable;
    return this.seqs;
  }
}
