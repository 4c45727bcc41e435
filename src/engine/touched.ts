/** What a fold or a decision changed. */
import type { NumberedEvent } from '../model/event.ts';
import type { ConversationId } from '../model/ids.ts';

export type KeptEvent = NumberedEvent;

/** What a fold changed, for views to look at. */
export interface Touched {
  readonly conversations: Set<ConversationId>;
  /** Whether any of them may look different now: a receipt queued is seen on none. */
  shown: boolean;
  outbox: boolean;
  deadLetters: boolean;
  settings: boolean;
  /** A caller waits for it: what it changed is shown before the caller is answered (I-16). */
  awaited: boolean;
  events: KeptEvent[];
}

export const nothingTouched = (): Touched => ({
  conversations: new Set(),
  shown: false,
  outbox: false,
  deadLetters: false,
  settings: false,
  awaited: false,
  events: [],
});
