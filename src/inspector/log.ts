/** The last records of the log, with a choice of levels. The list stays at its end while the reader is there. */
import type { LogLine } from '../index.ts';
import { card, h, setRows, setText } from './build.ts';
import { clock, details } from './words.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const CHOICES = [
  ['debug', 'Everything'],
  ['info', 'Info and worse'],
  ['warn', 'Warnings and errors'],
] as const;

export class LogView {
  private readonly choice = h('select', { id: 'level' }, ...CHOICES.map(([value, text]) => h('option', { value }, text)));
  private readonly lines = h('ol', { class: 'lines', tabindex: '0', role: 'region', 'aria-label': 'Log' });
  private readonly note = h('p', { class: 'note' });
  readonly node = card('log', 'Log', h('label', { class: 'pick', for: 'level' }, 'Show', this.choice), this.note, this.lines);
  private latest: readonly LogLine[] = [];

  constructor() {
    this.choice.addEventListener('change', () => this.show(this.latest));
  }

  show(log: readonly LogLine[]): void {
    this.latest = log;
    const from = LEVELS.findIndex((level) => level === this.choice.value);
    const shown = log.filter(({ level }) => LEVELS.indexOf(level) >= from).slice(-200);
    const { scrollTop, scrollHeight, clientHeight } = this.lines;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    setText(this.note, shown.length === 0 ? 'Nothing of this level yet.' : '');
    setRows(
      this.lines,
      'li span',
      shown.map(({ at, level, event, details: more }) => [clock(at), { text: level, kind: level }, event, details(more)]),
    );
    if (isAtEnd) this.lines.scrollTop = this.lines.scrollHeight;
  }
}
