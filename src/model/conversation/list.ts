/** Which conversations a list shows. */
import type { Conversation } from './conversation.ts';
import type { ConversationId, ConversationType } from '../ids.ts';

/** The options of `watchConversations`. */
export interface ListOptions {
  /** From 1 to 1,000. Default 50. */
  readonly limit?: number | undefined;
  /** Only direct chats, or only groups. Default: both. */
  readonly type?: ConversationType | undefined;
  /** Only conversations with an unread message or a mark. Default false. */
  readonly unreadOnly?: boolean | undefined;
  /** The archived conversations instead of all others. Default false. */
  readonly archived?: boolean | undefined;
  /** Only conversations behind the place at which this one is when the stream is opened. */
  readonly before?: ConversationId | undefined;
}

export interface ListWanted extends ListOptions {
  readonly limit: number;
}

/** The parts of a conversation by which lists select it. */
export type Selected = Pick<Conversation, 'type' | 'archived'> & { readonly isUnread: boolean };

export const isSelected = (one: Selected, { type, unreadOnly = false, archived = false }: ListOptions): boolean =>
  (type === undefined || one.type === type) && one.archived === archived && (!unreadOnly || one.isUnread);
