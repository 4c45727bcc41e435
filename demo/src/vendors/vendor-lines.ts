/** The list and the bubbles of a phone that is written with a vendor's names. */
import type { UserId } from 'tidemark';
import { unreadText } from '../conversation-list.ts';
import { h, hidden, type Row as KeyedRow, setText } from '../dom.ts';
import { chatPartner, isGroup, person } from '../people.ts';
import { chatPortrait } from '../portrait.ts';
import { statusText, ticks } from '../ticks.ts';
import { clockTime, shortTime } from '../time.ts';
import type { Line, Row } from './vendor-app.ts';

export const createRow = (first: Row, open: (row: Row) => void): KeyedRow<Row> => {
  const badge = h('span', { class: 'badge' });
  const words = hidden('');
  const time = h('span', { class: 'row-time' });
  const preview = h('span', { class: 'row-preview' });
  const node = h(
    'li',
    { class: 'row', 'data-conversation': first.chat },
    h(
      'button',
      { type: 'button', class: 'row-open', click: () => open(first) },
      chatPortrait(first.chat),
      h('span', { class: 'row-name' }, chatPartner(first.chat).name),
      time,
      h('span', { class: 'row-line' }, preview),
      h('span', { class: 'row-badge' }, badge),
      words,
    ),
  );
  return {
    node,
    update: ({ unread, preview: text, at }) => {
      setText(badge, unread > 0 ? String(unread) : '');
      badge.dataset['shows'] = unread > 0 ? 'count' : 'nothing';
      node.toggleAttribute('data-unread', unread > 0);
      setText(words, `, ${unreadText(unread)}`);
      setText(preview, text);
      setText(time, at === null ? '' : shortTime(at));
    },
  };
};

export interface ShownLine {
  readonly line: Line;
  readonly follows: boolean;
  /** The newest own line carries its status in words. */
  readonly isLastOwn: boolean;
}

export const toShown = (lines: readonly Line[], me: UserId): readonly ShownLine[] => {
  const lastOwn = lines.findLast(({ from }) => from === me);
  return lines.map((line, index) => ({ line, follows: lines[index - 1]?.from === line.from, isLastOwn: line === lastOwn }));
};

const wordsOf = ({ line: { status, readers }, isLastOwn }: ShownLine): string => {
  if (readers !== null) return `Read by ${readers}`;
  return isLastOwn ? statusText(status) : '';
};

export const createBubble = ({ line: first }: ShownLine, me: UserId, chat: Row['chat']): KeyedRow<ShownLine> => {
  const isOwn = first.from === me;
  const sender = person(first.from);
  const text = h('span', { class: 'bubble-text' });
  const time = h('time', { class: 'bubble-time' });
  const mark = h('span', { class: 'bubble-ticks' });
  const said = h('p', { class: 'said' });
  const name =
    isGroup(chat) && !isOwn
      ? h('span', { class: 'bubble-sender', style: `--hue: ${sender.hue}`, 'aria-hidden': 'true' }, sender.name)
      : null;
  const foot = h('span', { class: 'bubble-foot' }, time, mark);
  const bubble = h('div', { class: 'bubble' }, hidden(isOwn ? 'You: ' : `${sender.name}: `), name, text, foot);
  const node = h('li', { class: 'message' }, h('div', { class: 'bubble-line' }, bubble), said);
  node.toggleAttribute('data-own', isOwn);
  return {
    node,
    update: (shown) => {
      const { line, follows } = shown;
      node.toggleAttribute('data-follows', follows);
      setText(text, line.text);
      setText(time, clockTime(line.at));
      if (mark.dataset['status'] !== line.status) mark.replaceChildren(...[ticks(line.status)].filter((picture) => picture !== null));
      mark.dataset['status'] = line.status;
      setText(said, wordsOf(shown));
      said.hidden = said.textContent === '';
      said.dataset['status'] = line.status;
    },
  };
};
