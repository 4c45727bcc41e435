/** `localCache`: the conversations and unread counts on this device. The vendor has these calls in MiniCore with a plug-in. */
import { allConversations } from '../conversation-pages.ts';
import { knownNow } from '../now.ts';
import { conversationIdOf, conversationItemOf } from './conversation-names.ts';
import { EasemobError, withEasemobErrors } from './errors.ts';
import type { Session } from './session.ts';
import type { AsyncResult, ConversationItem, SessionParams } from './types.ts';

const TYPES = ['singleChat', 'groupChat'];

/** The vendor throws at once for bad arguments, and rejects for anything else. */
const checked = ({ conversationId, conversationType }: SessionParams) => {
  if (typeof conversationId !== 'string' || conversationId === '') throw new Error('Invalid parameter conversationId');
  if (!TYPES.includes(conversationType)) throw new Error('Invalid parameter conversationType');
  return conversationIdOf(conversationType, conversationId);
};

export class LocalCache {
  /** @param opened returns the session of the logged-in user. */
  constructor(private readonly opened: () => Session) {}

  private session(): Session {
    try {
      return this.opened();
    } catch {
      throw new EasemobError(604, 'localCache is not ready: log in first');
    }
  }

  /** Sets the unread count to 0, on the user's other devices too. The senders learn nothing. */
  clearConversationUnreadCount(params: SessionParams): Promise<void> {
    const conversationId = checked(params);
    return withEasemobErrors(() => this.session().client.clearConversationUnreadCount(conversationId));
  }

  getLocalConversations(): Promise<AsyncResult<ConversationItem[]>> {
    return withEasemobErrors(async () => {
      const { client, user } = this.session();
      const conversations = await allConversations(client);
      return { type: 0, data: conversations.map((conversation) => conversationItemOf(user, conversation)) };
    });
  }

  getLocalConversation(params: SessionParams): Promise<AsyncResult<ConversationItem | undefined>> {
    const conversationId = checked(params);
    return withEasemobErrors(async () => {
      const { client, user } = this.session();
      const conversation = await knownNow(client, client.watchConversation(conversationId));
      return { type: 0, data: conversation ? conversationItemOf(user, conversation) : undefined };
    });
  }
}
