/** What can be done with a conversation from outside it. The first two are the two registers: what I tell, and what I count. */
import type { Conversation, ReceiptClient } from 'tidemark';
import { readGroup } from './group-reading.ts';
import { openMenu } from './menu.ts';
import type { Attempt } from './notices.ts';
import { chatPartner, isGroup } from './people.ts';

export const conversationMenu = (
  client: ReceiptClient,
  { id, markedUnread, muted }: Pick<Conversation, 'id' | 'markedUnread' | 'muted'>,
  button: HTMLElement,
  attempt: Attempt,
): void => {
  const { name } = chatPartner(id);
  openMenu(button, `Chat with ${name}`, [
    isGroup(id)
      ? {
          label: 'Read this group',
          hint: 'Those who asked see that you have read it',
          choose: () => void attempt('Read', readGroup(client, id)),
        }
      : {
          label: 'Read this chat',
          hint: `${name} sees that you have read it`,
          choose: () => void attempt('Read', client.sendConversationReadReceipt(id)),
        },
    {
      label: 'Clear the count only',
      hint: isGroup(id) ? 'Nobody learns of it' : `${name} learns nothing`,
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
