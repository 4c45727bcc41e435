/** The address of a chat on a phone, such as `/#bob/direct:carol`: a click on a notification leads there. */
import type { NotificationRef } from 'tidemark/service-worker';

export const addressOfChat = ({ userId, conversationId }: NotificationRef): string =>
  conversationId ? `/#${userId}/${conversationId}` : '/';
