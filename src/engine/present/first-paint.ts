/**
 * The first paint: the counts and conversations of a page before its worker has started. A transaction writes the first
 * paint together with the summarised state, so the first paint is always true. During a catch-up it stays as it was,
 * like the totals (F113).
 */
import { type Conversation, type FirstPaint, PAINTED_CONVERSATIONS } from '../../model/conversation/conversation.ts';
import type { Totals } from '../../model/conversation/total.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { PAINT_KEY } from '../../model/storage-name.ts';
import type { AccountState } from '../state/account-state.ts';
import { listConversations } from './list-conversations.ts';
import { presentConversation } from './present-conversation.ts';

/** Longer last messages are left out. The record is written often, and a list shows one line of a message. */
const MAX_PAINTED_BODY = 1024;

const painted = (conversation: Conversation): Conversation => {
  const { lastMessage, ...rest } = conversation;
  return !lastMessage || JSON.stringify(lastMessage.body).length <= MAX_PAINTED_BODY ? conversation : rest;
};

/** The parts of a first paint. An unchanged conversation is the same object as before. */
export interface PaintedState {
  /** The totals as JSON text, to compare them. */
  readonly totals: string;
  readonly conversations: readonly Conversation[];
}

const paintedState = (model: AccountState): PaintedState => ({
  totals: JSON.stringify(model.totals),
  conversations: listConversations(model, { limit: PAINTED_CONVERSATIONS }).map((conversation) => presentConversation(model, conversation)),
});

const firstPaint = ({ totals, conversations }: PaintedState): FirstPaint => ({
  totals: JSON.parse(totals) as Totals,
  conversations: conversations.map(painted),
});

const samePaint = (a: PaintedState, b: PaintedState): boolean =>
  a.totals === b.totals &&
  a.conversations.length === b.conversations.length &&
  a.conversations.every((one, i) => one === b.conversations[i]);

/** Writes the first paint in the same transaction as the summarised state, unless this writer's last first paint was equal. */
export class PaintRecord {
  private last: PaintedState | null = null;

  /** @returns what is painted now, for {@link wrote}; null if nothing was to be written. */
  put(tx: StoreTx, model: AccountState): PaintedState | null {
    // Before the first snapshot no count is known, and a 0 would be a guess (F113).
    if (model.cursor === null) return null;
    const now = paintedState(model);
    if (this.last && samePaint(this.last, now)) return null;
    tx.put('meta', PAINT_KEY, firstPaint(now));
    return now;
  }

  /** The transaction that painted has committed. */
  wrote(painted: PaintedState): void {
    this.last = painted;
  }

  /** Call this when another tab has written a first paint since. */
  forget(): void {
    this.last = null;
  }
}
