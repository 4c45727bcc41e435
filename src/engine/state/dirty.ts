/** What a fold or a decision changed. */
import type { NumberedEvent } from '../../model/event.ts';
import type { ConversationId } from '../../model/ids.ts';

export type KeptEvent = NumberedEvent;

/** What a fold changed, for views to look at. */
export interface Dirty {
  readonly conversations: Set<ConversationId>;
  /** Whether any of them may look different now: a receipt queued is seen on none. */
  shown: boolean;
  /** The first snapshot is complete, or a store was read in which it is: from here on counts are known. */
  known: boolean;
  outbox: boolean;
  deadLetters: boolean;
  settings: boolean;
  /** A caller waits for it: what it changed is shown before the caller is answered (I-16). */
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
  awaited: false,
  events: [],
});

/** Adds to the first what came after it. */
export const addDirty = (to: Dirty, more: Dirty): void => {
  for (const id of more.conversations) to.conversations.add(id);
  to.shown ||= more.shown;
  to.known ||= more.known;
  to.outbox ||= more.outbox;
  to.deadLetters ||= more.deadLetters;
  to.settings ||= more.settings;
  to.awaited ||= more.awaited;
  to.events.push(...more.events);
};
