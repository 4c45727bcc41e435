/** The first line of the panel: the connection, the tabs, what waits, and how old the data is. */
import type { Inspection } from '../index.ts';
import { type Cell, h, setRows, setText } from './build.ts';
import { ahead, ago } from './words.ts';

const connectionText = ({ connection }: Inspection, now: number): string => {
  if (!connection) return 'unknown';
  const { state, paused, retryAt } = connection;
  if (paused) return 'paused';
  return retryAt === null ? state : `${state}, next try ${ahead(retryAt, now)}`;
};

const tabsText = ({ tabs, connection }: Inspection): string => {
  const role = connection?.leader ? 'this tab leads' : 'another tab leads';
  return tabs === null ? role : `${tabs} open, ${role}`;
};

const isWell = ({ connection }: Inspection): boolean => connection?.state === 'live' && !connection.paused && connection.error === null;

export class Overview {
  private readonly trouble = h('p', { class: 'trouble', role: 'status', hidden: '' });
  private readonly facts = h('dl', { class: 'facts' });
  readonly node = h('div', {}, this.trouble, this.facts);

  show(inside: Inspection): void {
    const { at, connection, account } = inside;
    const error = connection?.error;
    this.tell(error ? `${error.code}: ${error.message}` : account ? '' : 'No worker answers: below is only what the page itself knows.');
    const waiting: Cell = account ? { text: String(account.pending), kind: account.pending > 0 ? 'busy' : '' } : '–';
    const letters: Cell = account ? { text: String(account.deadLetters.length), kind: account.deadLetters.length > 0 ? 'bad' : '' } : '–';
    setRows(this.facts, 'div dt dd', [
      [
        'Connection',
        { text: connectionText(inside, at), kind: isWell(inside) ? 'good' : connection?.state === 'stopped' ? 'bad' : 'busy' },
      ],
      ['Tabs', tabsText(inside)],
      ['Waiting', waiting],
      ['Refused', letters],
      ['Data as of', connection?.asOf ? ago(connection.asOf, at) : 'not yet'],
      ['Storage', connection?.durability === 'volatile' ? { text: 'in memory only', kind: 'bad' } : 'on disk'],
    ]);
  }

  /** The client has ended: its last facts leave the screen. */
  end(why: string): void {
    this.facts.replaceChildren();
    this.tell(why);
  }

  /** Shows a sentence about trouble; an empty text hides it. */
  private tell(text: string): void {
    setText(this.trouble, text);
    this.trouble.toggleAttribute('hidden', text === '');
  }
}
