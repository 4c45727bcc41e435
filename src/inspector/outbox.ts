/** The pending entries with their tries, and the entries that the server refused. */
import type { InspectedEntry, Inspection } from '../index.ts';
import { type Cell, card, h, setRows, setText, table } from './build.ts';
import { ago, ahead } from './words.ts';

const triesOf = ({ sent, tries }: InspectedEntry): Cell => {
  if (tries === null) return sent ? 'sent' : 'not yet';
  return { text: String(tries), kind: tries > 1 ? 'busy' : '' };
};

const nextOf = ({ nextTryAt, sent }: InspectedEntry, live: boolean, now: number): string => {
  if (nextTryAt !== null) return ahead(nextTryAt, now);
  return live && sent ? 'on its way' : live ? 'now' : 'when connected';
};

export class Outbox {
  private readonly note = h('p', { class: 'note' });
  private readonly entries = table('Pending entries', ['What', 'Conversation', 'Since', 'Tries', 'Next try']);
  private readonly letters = table('Refused entries', ['What', 'Conversation', 'Code', 'When']);
  private readonly lettersNote = h('p', { class: 'note' });
  readonly node = card('outbox', 'Outbox', this.note, this.entries.node);
  readonly lettersNode = card('letters', 'Dead letters', this.lettersNote, this.letters.node);

  show({ at, account, connection }: Inspection): void {
    const { outbox = [], pending = 0, deadLetters = [] } = account ?? {};
    const live = connection?.state === 'live';
    this.entries.node.toggleAttribute('hidden', outbox.length === 0);
    setText(this.note, this.noteOf(pending, outbox));
    setRows(
      this.entries.body,
      'tr td',
      outbox.map((entry) => [entry.kind, entry.conversationId ?? 'account', ago(entry.at, at), triesOf(entry), nextOf(entry, live, at)]),
    );
    this.letters.node.toggleAttribute('hidden', deadLetters.length === 0);
    setText(
      this.lettersNote,
      deadLetters.length === 0 ? 'The server has refused nothing.' : 'Kept until the app retries or dismisses them.',
    );
    setRows(
      this.letters.body,
      'tr td',
      deadLetters.map(({ kind, conversationId, code, at: when }) => [kind, conversationId, { text: code, kind: 'bad' }, ago(when, at)]),
    );
  }

  private noteOf(pending: number, outbox: readonly InspectedEntry[]): string {
    if (pending === 0) return 'Empty: the server has every change of this device.';
    const shown = pending > outbox.length ? `The oldest ${outbox.length} of ${pending} entries. ` : '';
    return shown + (outbox.some(({ tries }) => tries === null) ? 'The leader tab sends these entries and counts the tries.' : '');
  }
}
