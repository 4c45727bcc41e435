/** A list of what changed in the state, for views and listeners. */
import type { StoredEvent } from '../../model/api/event.ts';
import type { ConversationId } from '../../model/ids.ts';

/** An event of the log. The number is the order of writing. */
export interface KeptEvent {
  readonly number: number;
  readonly event: StoredEvent;
}

/** The parts of the state changed by log records or decisions. */
export interface Dirty {
  readonly conversations: Set<ConversationId>;
  /** True if a list or a count may look different now. A queued receipt alone changes no look. */
  shown: boolean;
  /**
   * The first snapshot is complete, or a store with a complete snapshot was read. From here on counts are known, and
   * `shown` is true with it.
   */
  known: boolean;
  outbox: boolean;
  deadLetters: boolean;
  settings: boolean;
  /** The time of the last complete catch-up. */
  asOf: boolean;
  /** A caller waits for the change: views show it before the caller is answered (I-16). */
  awaited: boolean;
  events: KeptEvent[];
}

export const nothingDirty = (): Dirty => ({
  conversations: new Set(),
  shown: false,
  known: false,
  outbox: false,
  deadLetters: false,
  settings: false,
  asOf: false,
  awaited: false,
  events: [],
});

/** Adds the later changes `more` to `to`. */
export const addDirty = (to: Dirty, more: Dirty): void => {
  for (const id of more.conversations) to.conversations.add(id);
  for (const part of ['shown', 'known', 'outbox', 'deadLetters', 'settings', 'asOf', 'awaited'] as const) to[part] ||= more[part];
  to.events.push(...more.events);
};
