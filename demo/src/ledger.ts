/**
 * The ledger: the latest events of both phones, newest first. Equal events in a row are one line with a
 * number.
 */
import type { ReceiptEvent } from 'tidemark';
import { h, keyedList, setText } from './dom.ts';
import { chatPartner, isGroup, person } from './people.ts';
import { exactTime } from './time.ts';

const LINES = 12;

interface Entry {
  readonly key: string;
  readonly at: number;
  readonly text: string;
  readonly times: number;
}

/** The line for an event on the phone of `me`; null for an event without a line. */
export const eventText = (event: ReceiptEvent, me: string): string | null => {
  const count = (ids: readonly string[]): string => (ids.length === 0 ? '' : ` ${ids.length}`);
  switch (event.type) {
    case 'delivered':
      return `${person(event.by).name} → ${me}: delivered${count(event.messageIds)}`;
    case 'read':
      // The line of the conversation receipt tells this already.
      if (event.self || event.how === 'conversation') return null;
      return `${person(event.by).name} → ${me}: read${count(event.messageIds)}`;
    case 'conversationRead':
      return event.self ? null : `${person(event.by).name} → ${me}: read the chat`;
    case 'groupRead': {
      const from = event.readers.map(({ by }) => person(by).name).join(', ') || chatPartner(event.conversationId).name;
      return `${from} → ${me}: read, ${event.readCount} of ${event.readCount + event.unreadCount}`;
    }
    case 'receiptStatistics':
      return `server → ${me}: read by ${event.receipts.map(({ readCount, unreadCount }) => `${readCount} of ${readCount + unreadCount}`).join(', ')}`;
    case 'message': {
      const { senderId, conversationId } = event.message;
      const where = isGroup(conversationId) ? ` in ${chatPartner(conversationId).name}` : '';
      return `${person(senderId).name} → ${me}: message${where}`;
    }
    case 'rejected':
      return `server → ${me}: refused, ${event.deadLetter.code}`;
    default:
      return null;
  }
};

export interface Ledger {
  readonly node: HTMLElement;
  note(text: string): void;
}

export const createLedger = (): Ledger => {
  const list = h('ol', { class: 'ledger', role: 'list', 'aria-label': 'Events, newest first' });
  const node = h('div', { class: 'ledger-card' }, h('p', { class: 'ledger-empty' }, 'Messages and receipts appear here, each once.'), list);
  let entries: readonly Entry[] = [];
  let lines = 0;
  const show = keyedList<Entry>(
    list,
    ({ key }) => key,
    () => {
      const time = h('time');
      const line = h('span');
      return {
        node: h('li', { class: 'ledger-line' }, time, line),
        update: ({ at, text, times }) => {
          setText(time, exactTime(at));
          setText(line, times > 1 ? `${text} × ${times}` : text);
        },
      };
    },
  );
  return {
    node,
    note(text) {
      const [newest, ...rest] = entries;
      const again = newest?.text === text;
      const entry = { key: again ? newest.key : String(lines++), at: Date.now(), text, times: again ? newest.times + 1 : 1 };
      entries = [entry, ...(again ? rest : entries)].slice(0, LINES);
      node.toggleAttribute('data-filled', true);
      show(entries);
    },
  };
};
