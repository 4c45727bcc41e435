/** The lines of a chat: bubbles, the tide mark above what is new, and under the newest own message what became of it. */
import type { Message, MessageReceipts } from 'tidemark';
import { bodyText } from './conversation-list.ts';
import { h, hidden, type Row, setText } from './dom.ts';
import { statusText, ticks } from './ticks.ts';
import { clockTime, exactTime } from './time.ts';

export type Item =
  | { readonly kind: 'new' }
  | {
      readonly kind: 'message';
      readonly message: Message;
      /** The same person went on. */
      readonly follows: boolean;
      /** Under the newest own message; null elsewhere. */
      readonly said: string | null;
    };

export const itemKey = (item: Item): string => (item.kind === 'new' ? 'new' : item.message.id);

export const lastOwnOf = (messages: readonly Message[], me: string): Message | undefined =>
  messages.findLast(({ senderId }) => senderId === me);

/** "Read 12:04:31": the time of the first step that covered it, which never changes. */
const saidOf = ({ id, status }: Message, receipts: MessageReceipts | null): string => {
  const known = receipts?.messageId === id ? receipts : null;
  const at = status === 'read' ? known?.readAt : status === 'delivered' ? known?.deliveredAt : null;
  return at ? `${statusText(status)} ${exactTime(at)}` : statusText(status);
};

/** @param readBefore the position the reader had on opening; null marks nothing as new. */
export const toItems = (
  messages: readonly Message[],
  receipts: MessageReceipts | null,
  me: string,
  readBefore: number | null,
): readonly Item[] => {
  const isNew = ({ seq, senderId }: Message): boolean => readBefore !== null && senderId !== me && seq !== null && seq > readBefore;
  const firstNew = messages.find(isNew);
  const lastOwn = lastOwnOf(messages, me);
  return messages.flatMap((message, index): Item[] => {
    const follows = message !== firstNew && messages[index - 1]?.senderId === message.senderId;
    const item: Item = { kind: 'message', message, follows, said: message === lastOwn ? saidOf(message, receipts) : null };
    return message === firstNew ? [{ kind: 'new' }, item] : [item];
  });
};

const createNewLine = (): Row<Item> => ({
  node: h('li', { class: 'new-line' }, h('span', {}, 'New since you last looked')),
  update: () => undefined,
});

const createBubble = (me: string, name: string): Row<Item> => {
  const text = h('span', { class: 'bubble-text' });
  const time = h('time', { class: 'bubble-time' });
  const mark = h('span', { class: 'bubble-ticks' });
  const said = h('p', { class: 'said' });
  const who = hidden('');
  const node = h(
    'li',
    { class: 'message' },
    h('div', { class: 'bubble' }, who, text, h('span', { class: 'bubble-foot' }, time, mark)),
    said,
  );
  let shown: Message | undefined;
  const update = (item: Item): void => {
    if (item.kind !== 'message') return;
    const { message, follows } = item;
    const own = message.senderId === me;
    node.toggleAttribute('data-own', own);
    node.toggleAttribute('data-follows', follows);
    setText(who, own ? 'You: ' : `${name}: `);
    setText(text, message.recalled ? 'Message recalled' : bodyText(message.body));
    setText(time, clockTime(message.sentAt));
    if (message.status !== shown?.status) mark.replaceChildren(...[ticks(message.status)].filter((picture) => picture !== null));
    said.hidden = item.said === null;
    setText(said, item.said ?? '');
    said.dataset['status'] = message.status;
    shown = message;
  };
  return { node, update };
};

export const createItem = (item: Item, me: string, name: string): Row<Item> =>
  item.kind === 'new' ? createNewLine() : createBubble(me, name);
