/** What can be done with a conversation from outside it. The first two are the two registers: what I tell, and what I count. */
import type { Conversation, ReceiptClient } from 'tidemark';
import { openMenu } from './menu.ts';
import type { Attempt } from './notices.ts';
import { peerOf, person } from './people.ts';

export const conversationMenu = (
  client: ReceiptClient,
  { id, markedUnread, muted }: Pick<Conversation, 'id' | 'markedUnread' | 'muted'>,
  button: HTMLElement,
  attempt: Attempt,
): void => {
  const { name } = person(peerOf(id));
  openMenu(button, `Chat with ${name}`, [
    {
      label: 'Read this chat',
      hint: `${name} sees that you have read it`,
      choose: () => void attempt('Read', client.sendConversationReadReceipt(id)),
    },
    {
      label: 'Clear the count only',
      hint: `${name} learns nothing`,
      choose: () => void attempt('Clear', client.clearConversationUnreadCount(id)),
    },
    {
      label: markedUnread ? 'Drop the unread mark' : 'Mark as unread',
      hint: 'A reminder, on your own devices only',
      choose: () => void attempt('Mark', client.setMarkedUnread(id, !markedUnread)),
    },
    {
      label: muted ? 'Count it in the total again' : 'Mute',
      hint: muted ? 'The badge above includes it' : 'Keeps its own badge, leaves the total',
      choose: () => void attempt('Mute', client.setMuted(id, !muted)),
    },
  ]);
};
