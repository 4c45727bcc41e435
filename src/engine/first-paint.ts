/** What the page shows before the worker is there: written in the same transaction as what it summarises, so it is always true. */
import type { Conversation, FirstPaint } from '../model/conversation.ts';
import type { HotModel } from './hot-model.ts';
import { newestConversations, shownConversation } from './shown.ts';

export const PAINTED_CONVERSATIONS = 50;

/** Longer last messages are left out: the record is written often, and a list shows one line. */
const MAX_PAINTED_BODY = 1024;

const painted = (conversation: Conversation): Conversation => {
  const { lastMessage, ...rest } = conversation;
  return !lastMessage || JSON.stringify(lastMessage.body).length <= MAX_PAINTED_BODY ? conversation : rest;
};

/** What it is made of: the same objects as long as nothing of it changed. */
export type PaintedState = readonly [totalUnreadCount: number, ...conversations: Conversation[]];

export const paintedState = (model: HotModel): PaintedState => [
  model.totalUnreadCount,
  ...newestConversations(model, PAINTED_CONVERSATIONS).map((conversation) => shownConversation(model, conversation)),
];

export const firstPaint = ([totalUnreadCount, ...conversations]: PaintedState): FirstPaint => ({
  totalUnreadCount,
  conversations: conversations.map(painted),
});
