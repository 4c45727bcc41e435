/**
 * The menu of a conversation. Its first two items are the two facts of the library: the read receipt, and the
 * private read position.
 */
import type { Conversation, Message, ReceiptClient } from 'tidemark';
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
          hint: 'Senders who asked get your receipt',
          choose: () => void attempt('Read', readGroup(client, id)),
        }
      : {
          label: 'Read this chat',
          hint: `${name} sees that you have read it`,
          choose: () => void attempt('Read', client.sendConversationReadReceipt(id)),
        },
    {
      label: 'Clear the count only',
      hint: isGroup(id) ? 'No sender learns of it' : `${name} learns nothing`,
      choose: () => void attempt('Clear', client.clearConversationUnreadCount(id)),
    },
    {
      label: markedUnread ? 'Remove the unread mark' : 'Mark as unread',
      hint: 'A reminder on your own devices only',
      choose: () => void attempt('Mark', client.setMarkedUnread(id, !markedUnread)),
    },
    {
      label: muted ? 'Unmute' : 'Mute',
      hint: muted ? 'Counts in the total again' : 'Keeps its badge, leaves the total',
      choose: () => void attempt('Mute', client.setMuted(id, !muted)),
    },
  ]);
};

/** The menu of a message by another user. @param mark gets the call that marks the conversation. */
export const messageMenu = (
  client: ReceiptClient,
  { id, conversationId }: Message,
  button: HTMLElement,
  mark: (marked: Promise<void>) => void,
): void =>
  openMenu(button, 'This message', [
    {
      label: 'Unread from here',
      hint: 'Counts again on your own devices only',
      choose: () => mark(client.setMarkedUnread(conversationId, true, { from: id })),
    },
  ]);
