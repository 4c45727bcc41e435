/** The items of a chat: bubbles, the tide mark above the new messages, and the status below own messages. */
import type { FirstUnread, Message, MessageReceipts } from 'tidemark';
import { bodyText } from './conversation-list.ts';
import { h, hidden, type Row, setText } from './dom.ts';
import { icon } from './icons.ts';
import { person } from './people.ts';
import type { ReceiptsById } from './receipts-of.ts';
import { statusText, ticks } from './ticks.ts';
import { clockTime, exactTime } from './time.ts';

export type Item =
  /** The divider, with the number of messages that were unread when the chat was opened. */
  | { readonly kind: 'new'; readonly count: number }
  | {
      readonly kind: 'message';
      readonly message: Message;
      /** The message before has the same sender. */
      readonly follows: boolean;
      /** The status below the newest own message; null for all other messages. */
      readonly status: string | null;
      /**
       * "Read by 3 of 5", below each message with a count that this account may see. The count replaces the
       * status.
       */
      readonly count: string | null;
      readonly all: boolean;
    };

export interface Reader {
  readonly me: string;
  /** In a group, each bubble shows the name of its sender. */
  readonly inGroup: boolean;
  /** Opens the lists of readers and non-readers at the button. */
  openReaders(message: Message, button: HTMLElement): void;
  /** Opens the menu of a message by another user at the button. */
  openMenu(message: Message, button: HTMLElement): void;
}

export const itemKey = (item: Item): string => (item.kind === 'new' ? 'new' : item.message.id);

export const lastOwnOf = (messages: readonly Message[], me: string): Message | undefined =>
  messages.findLast(({ senderId }) => senderId === me);

/** "Read 12:04:31": the status with the time of the first receipt, which never changes. */
const statusOf = ({ status }: Message, known: MessageReceipts | undefined): string => {
  const at = status === 'read' ? known?.readAt : status === 'delivered' ? known?.deliveredAt : null;
  return at ? `${statusText(status)} ${exactTime(at)}` : statusText(status);
};

/**
 * The text of a count; null if the message asks for no receipts, or the policy hides the count from this
 * account.
 */
export const countText = ({ readCount, unreadCount, state }: MessageReceipts): string | null => {
  const members = readCount + unreadCount;
  if (members === 0) return null;
  return `Read by ${readCount} of ${members}${state === 'expired' ? ' · closed' : ''}`;
};

/** @param firstUnread the place of the divider; null shows none. */
export const toItems = (
  messages: readonly Message[],
  receipts: ReceiptsById,
  me: string,
  firstUnread: FirstUnread | null,
): readonly Item[] => {
  const firstNew = firstUnread ? messages.find(({ seq }) => seq !== null && seq >= firstUnread.seq) : undefined;
  const lastOwn = lastOwnOf(messages, me);
  return messages.flatMap((message, index): Item[] => {
    const known = receipts.get(message.id);
    const item: Item = {
      kind: 'message',
      message,
      follows: message !== firstNew && messages[index - 1]?.senderId === message.senderId,
      status: message === lastOwn ? statusOf(message, known) : null,
      count: known && message.seq !== null && !message.recalled ? countText(known) : null,
      all: known !== undefined && known.readCount > 0 && known.unreadCount === 0,
    };
    return message === firstNew ? [{ kind: 'new', count: firstUnread?.count ?? 0 }, item] : [item];
  });
};

const createNewLine = (): Row<Item> => {
  const words = h('span', {});
  return {
    node: h('li', { class: 'new-line' }, words),
    update: (item) => {
      if (item.kind === 'new') setText(words, item.count === 1 ? '1 new message' : `${item.count} new messages`);
    },
  };
};

const createBubble = (first: Message, { me, inGroup, openReaders, openMenu }: Reader): Row<Item> => {
  const own = first.senderId === me;
  const sender = person(first.senderId);
  const text = h('span', { class: 'bubble-text' });
  const time = h('time', { class: 'bubble-time' });
  const mark = h('span', { class: 'bubble-ticks' });
  const status = h('p', { class: 'said' });
  const countWords = h('span', {});
  const readers = h(
    'button',
    { type: 'button', class: 'said readers-open', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', hidden: true },
    countWords,
    hidden('. Show the readers'),
    icon('next'),
  );
  const more = h(
    'button',
    { type: 'button', class: 'icon-button bubble-menu', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    icon('more'),
    hidden('More for this message'),
  );
  const name =
    inGroup && !own ? h('span', { class: 'bubble-sender', style: `--hue: ${sender.hue}`, 'aria-hidden': 'true' }, sender.name) : null;
  const node = h(
    'li',
    { class: 'message' },
    h(
      'div',
      { class: 'bubble-line' },
      h(
        'div',
        { class: 'bubble' },
        hidden(own ? 'You: ' : `${sender.name}: `),
        name,
        text,
        h('span', { class: 'bubble-foot' }, time, mark),
      ),
      own ? null : more,
    ),
    status,
    readers,
  );
  node.toggleAttribute('data-own', own);
  let shown = first;
  readers.addEventListener('click', () => openReaders(shown, readers));
  more.addEventListener('click', () => openMenu(shown, more));
  const update = (item: Item): void => {
    if (item.kind !== 'message') return;
    const { message, follows, count } = item;
    node.toggleAttribute('data-follows', follows);
    setText(text, message.recalled ? 'Message recalled' : bodyText(message.body));
    setText(time, clockTime(message.sentAt));
    if (message.status !== shown.status || mark.childElementCount === 0)
      mark.replaceChildren(...[ticks(message.status)].filter((picture) => picture !== null));
    readers.hidden = count === null;
    setText(countWords, count ?? '');
    readers.toggleAttribute('data-all', item.all);
    status.hidden = item.status === null || count !== null;
    setText(status, item.status ?? '');
    status.dataset['status'] = message.status;
    shown = message;
  };
  return { node, update };
};

export const createItem = (item: Item, reader: Reader): Row<Item> =>
  item.kind === 'new' ? createNewLine() : createBubble(item.message, reader);
