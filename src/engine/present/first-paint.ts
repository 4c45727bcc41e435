/** What the page shows before the worker is there: written in the same transaction as what it summarises, so it is always true. */
import type { Conversation, FirstPaint } from '../../model/conversation.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { PAINT_KEY } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import { newestConversations, presentConversation } from './present-conversation.ts';

export const PAINTED_CONVERSATIONS = 50;

/** Longer last messages are left out: the record is written often, and a list shows one line. */
const MAX_PAINTED_BODY = 1024;

const painted = (conversation: Conversation): Conversation => {
  const { lastMessage, ...rest } = conversation;
  return !lastMessage || JSON.stringify(lastMessage.body).length <= MAX_PAINTED_BODY ? conversation : rest;
};

/** What it is made of: the same objects as long as nothing of it changed. */
type PaintedState = readonly [totalUnreadCount: number, ...conversations: Conversation[]];

const paintedState = (model: AccountState): PaintedState => [
  model.totalUnreadCount,
  ...newestConversations(model, PAINTED_CONVERSATIONS).map((conversation) => presentConversation(model, conversation)),
];

const firstPaint = ([totalUnreadCount, ...conversations]: PaintedState): FirstPaint => ({
  totalUnreadCount,
  conversations: conversations.map(painted),
});

/** Written with what it summarises, and only where it differs from what this writer wrote last. */
export class PaintRecord {
  private last: PaintedState | null = null;

  put(tx: StoreTx, model: AccountState): void {
    // Before the first snapshot nothing is known: a 0 would be a guess.
    if (model.cursor === null) return;
    const now = paintedState(model);
    const { last } = this;
    if (last?.length === now.length && now.every((part, i) => part === last[i])) return;
    this.last = now;
    tx.put('meta', PAINT_KEY, firstPaint(now));
  }

  /** Another writer wrote since. */
  forget(): void {
    this.last = null;
  }
}
