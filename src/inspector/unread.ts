/** Why a conversation has its unread count. The reader picks the conversation. */
import type { Conversation, ConversationId, UnreadExplanation } from '../index.ts';
import { card, h, setRows, setText } from './build.ts';
import { Gauge } from './gauge.ts';
import { ago, ranges } from './words.ts';

type Listed = Pick<Conversation, 'id' | 'unreadCount'>;

const serverText = ({ server }: UnreadExplanation, now: number): string =>
  server.by ? `${server.readUpTo}, set by device ${server.by.deviceId.slice(0, 8)}, ${ago(server.by.at, now)}` : String(server.readUpTo);

const pendingText = ({ pending }: UnreadExplanation): string =>
  pending
    .map(({ position, cleared, sent }) => `up to ${position || '–'}, one by one ${ranges(cleared)}${sent ? ', sent' : ''}`)
    .join('; ') || 'none';

export class Unread {
  private readonly choice = h('select', { id: 'chat' });
  private readonly count = h('strong', { class: 'count' });
  private readonly sentence = h('p', { class: 'note' });
  private readonly gauge = new Gauge();
  private readonly facts = h('dl', { class: 'list' });
  private readonly answer = h('div', { hidden: '' }, h('div', { class: 'total' }, this.count, this.sentence), this.gauge.node, this.facts);
  readonly node = card(
    'unread',
    'Why this unread count?',
    h('label', { class: 'pick', for: 'chat' }, 'Conversation', this.choice),
    this.answer,
  );

  /** @param picked called when the reader has picked another conversation. */
  constructor(picked: () => void) {
    this.clear();
    this.choice.addEventListener('change', picked);
  }

  /** The picked conversation; null if there is none. */
  get picked(): ConversationId | null {
    return (this.choice.value || null) as ConversationId | null;
  }

  /** Forgets the conversations of the client before. */
  clear(): void {
    this.choice.replaceChildren(h('option', { value: '' }, 'Pick one …'));
    this.show(null, 0);
  }

  /** Offers the conversations. The picked one stays. */
  offer(list: readonly Listed[]): void {
    const known = new Map([...this.choice.options].map((option) => [option.value, option]));
    for (const { id, unreadCount } of list) {
      const option = known.get(id) ?? this.choice.appendChild(h('option', { value: id }));
      setText(option, `${id} (${unreadCount})`);
    }
  }

  show(why: UnreadExplanation | null, now: number): void {
    this.answer.toggleAttribute('hidden', why === null);
    if (!why) return;
    setText(this.count, `${why.unreadCount}${why.exact ? '' : '+'}`);
    setText(
      this.sentence,
      why.exact
        ? `unread, of ${Math.max(0, why.latestSeq - why.readUpTo)} messages after the position ${why.readUpTo}`
        : 'unread at least: the exact number needs the server',
    );
    this.gauge.show(why);
    setRows(this.facts, 'div dt dd', [
      ['Position here', String(why.readUpTo)],
      ['Position at the server', serverText(why, now)],
      ['Pending here', pendingText(why)],
      ['Marked unread from', why.markedFrom === null ? 'no' : `message ${why.markedFrom}`],
      ['Counted', { text: ranges(why.counted), kind: 'counted' }],
      ['Not counted', { text: ranges(why.uncounted), kind: 'uncounted' }],
      ['Counted, not stored here', { text: ranges(why.notHeld), kind: 'not-held' }],
    ]);
  }
}
