/** A phone's list of conversations, each with its badge and a menu. */
import type { Subscription } from 'rxjs';
import type { Conversation, Message, ReceiptClient } from 'tidemark';
import { conversationMenu } from './conversation-menu.ts';
import { h, hidden, keyedList, type Row, setText } from './dom.ts';
import { icon } from './icons.ts';
import type { Attempt } from './notices.ts';
import { chatPartner, person } from './people.ts';
import { chatPortrait } from './portrait.ts';
import { statusText, ticks } from './ticks.ts';
import { shortTime } from './time.ts';

/** The text of a body: of this demo, or of a phone that runs with a vendor's names. */
export const bodyText = (body: unknown): string => {
  if (typeof body === 'string') return body;
  const { msg, message, payload } = (body ?? {}) as {
    readonly msg?: string;
    readonly message?: string;
    readonly payload?: { readonly text: string };
  };
  return msg ?? message ?? payload?.text ?? (body === null ? '' : JSON.stringify(body));
};

/** The text of the newest message; in a group with the name of its sender. */
const previewText = ({ senderId, recalled, body }: Message, { type }: Conversation, me: string): string => {
  const text = recalled ? 'Message recalled' : bodyText(body);
  return type === 'group' && senderId !== me ? `${person(senderId).name}: ${text}` : text;
};

export const unreadText = (count: number): string =>
  count === 0 ? 'no unread messages' : `${count} unread ${count === 1 ? 'message' : 'messages'}`;

export interface ListActions {
  open(conversation: Conversation): void;
  readonly attempt: Attempt;
}

const createRow = (client: ReceiptClient, { open, attempt }: ListActions, first: Conversation): Row<Conversation> => {
  let shown = first;
  const { name } = chatPartner(first.id);
  const badge = h('span', { class: 'badge' });
  const at = h('span', { class: 'row-mention', 'aria-hidden': 'true', hidden: true }, '@');
  const words = hidden('');
  const time = h('span', { class: 'row-time' });
  const preview = h('span', { class: 'row-preview' });
  const mark = h('span', { class: 'row-ticks' });
  const bell = h('span', { class: 'row-muted', hidden: true }, icon('muted'), hidden('Muted.'));
  const more = h(
    'button',
    { type: 'button', class: 'icon-button row-menu', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    icon('more'),
    hidden(`More for ${name}`),
  );
  more.addEventListener('click', () => conversationMenu(client, shown, more, attempt));
  const node = h(
    'li',
    { class: 'row', 'data-conversation': first.id },
    h(
      'button',
      { type: 'button', class: 'row-open', click: () => open(shown) },
      chatPortrait(first.id),
      h('span', { class: 'row-name' }, name, bell),
      time,
      h('span', { class: 'row-line' }, mark, preview),
      h('span', { class: 'row-badge' }, at, badge),
      words,
    ),
    more,
  );
  const update = (conversation: Conversation): void => {
    const before = shown;
    shown = conversation;
    const { lastMessage, unreadCount, mentionCount, markedUnread, muted, exact } = conversation;
    setText(badge, unreadCount > 0 ? `${unreadCount}${exact ? '' : '+'}` : '');
    badge.dataset['shows'] = unreadCount > 0 ? 'count' : markedUnread ? 'mark' : 'nothing';
    badge.toggleAttribute('data-muted', muted);
    at.hidden = mentionCount === 0;
    const mentions = mentionCount === 0 ? '' : `, ${mentionCount} ${mentionCount === 1 ? 'mentions' : 'mention'} you`;
    setText(words, `, ${unreadCount === 0 && markedUnread ? 'marked as unread' : unreadText(unreadCount)}${mentions}`);
    node.toggleAttribute('data-unread', unreadCount > 0 || markedUnread);
    bell.hidden = !muted;
    setText(time, lastMessage ? shortTime(lastMessage.sentAt) : '');
    setText(preview, lastMessage ? previewText(lastMessage, conversation, client.userId) : '');
    const status = lastMessage?.status ?? 'received';
    if (status !== before.lastMessage?.status || before === first) {
      const picture = ticks(status);
      mark.replaceChildren(...(picture ? [picture] : []));
      mark.title = statusText(status);
    }
  };
  return { node, update };
};

/** Adds the list to `parent` and keeps it up to date. */
export const startConversationList = (client: ReceiptClient, parent: HTMLElement, actions: ListActions): Subscription => {
  const list = h('ul', { class: 'rows', role: 'list' });
  const empty = h('p', { class: 'empty', hidden: true }, 'No conversations yet. They appear when this phone has reached the server once.');
  parent.append(list, empty);
  const show = keyedList<Conversation>(
    list,
    (conversation) => conversation.id,
    (conversation) => createRow(client, actions, conversation),
  );
  return client.watchConversations({ limit: 50 }).subscribe((conversations) => {
    empty.hidden = conversations.length > 0;
    show(conversations);
  });
};
