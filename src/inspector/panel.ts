/**
 * The parts of the panel, and the clock that asks the client. A stopped panel asks nothing and watches nothing.
 *
 *   open() ──▶ asks once a second, while the page is visible ──▶ shows ──▶ … ──▶ close()
 *                                     └── the client has ended: says why, and asks no more
 */
import type { Inspection, StorageReport } from '../index.ts';
import { drawing, h, setText } from './build.ts';
import type { InspectedClient } from './client.ts';
import { LogView } from './log.ts';
import { Outbox } from './outbox.ts';
import { Overview } from './overview.ts';
import { Stored } from './stored.ts';
import { Unread } from './unread.ts';

const EVERY_MS = 1000;
/** Measuring reads all that is stored. */
const MEASURE_EVERY_MS = 30_000;

export class Panel {
  private readonly who = h('small');
  private readonly copy = h('button', { type: 'button' }, 'Copy report');
  private readonly overview = new Overview();
  private readonly outbox = new Outbox();
  private readonly unread = new Unread(() => void this.ask());
  private readonly stored = new Stored();
  private readonly log = new LogView();
  private readonly cards = h(
    'div',
    { class: 'cards' },
    h('div', { class: 'column' }, this.outbox.node, this.outbox.lettersNode, this.stored.node),
    h('div', { class: 'column' }, this.unread.node),
    this.log.node,
  );
  readonly node = h(
    'div',
    { class: 'frame' },
    h(
      'header',
      {},
      drawing(
        'mark',
        'M6 13.9l4.1 4.1 7.2-8.2M14.9 16.7l1.3 1.3 8.8-10',
        'M6.5 24c2.4 0 2.4-1.7 4.75-1.7S13.6 24 16 24s2.4-1.7 4.75-1.7S23.1 24 25.5 24',
      ),
      h('h1', {}, 'Tidemark', this.who),
      this.copy,
    ),
    this.overview.node,
    this.cards,
  );
  private client: InspectedClient | null = null;
  private list: { unsubscribe(): void } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private measured: { readonly at: number; readonly report: StorageReport } | null = null;
  private latest: Inspection | null = null;
  private readonly wake = (): void => void this.ask();

  constructor() {
    this.copy.addEventListener('click', () => void this.report());
  }

  open(client: InspectedClient | null): void {
    this.close();
    this.client = client;
    this.unread.clear();
    this.overview.end('');
    setText(this.who, client ? `inside ${client.userId}` : 'no client');
    this.cards.toggleAttribute('hidden', client === null);
    if (!client) return;
    document.addEventListener('visibilitychange', this.wake);
    void this.ask();
    try {
      this.list = client.watchConversations({ limit: 200 }).subscribe((all) => this.unread.offer(all));
    } catch (error) {
      this.ended(error);
    }
  }

  close(): void {
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.wake);
    this.list?.unsubscribe();
    this.list = null;
    this.client = null;
    this.measured = null;
  }

  private async ask(): Promise<void> {
    const { client } = this;
    clearTimeout(this.timer);
    if (!client || document.hidden) return;
    const { picked } = this.unread;
    try {
      const [inside, why] = await Promise.all([client.inspect(), picked ? client.explainUnread(picked).catch(() => null) : null]);
      if (client !== this.client) return;
      if (inside.account && Date.now() - (this.measured?.at ?? 0) > MEASURE_EVERY_MS)
        this.measured = { at: Date.now(), report: await client.storage() };
      if (client !== this.client) return;
      this.show(inside);
      this.unread.show(picked === this.unread.picked ? why : null, inside.at);
    } catch (error) {
      if (client === this.client) this.ended(error);
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(this.wake, EVERY_MS);
  }

  private show(inside: Inspection): void {
    this.latest = inside;
    this.overview.show(inside);
    this.outbox.show(inside);
    this.stored.show(inside, this.measured?.report ?? null);
    this.log.show(inside.log);
  }

  /** The client gives no answers any more: nothing of the account stays on the screen. */
  private ended(error: unknown): void {
    this.close();
    this.latest = null;
    this.cards.toggleAttribute('hidden', true);
    this.overview.end(error instanceof Error ? error.message : String(error));
  }

  private async report(): Promise<void> {
    const text = JSON.stringify({ ...this.latest, storage: this.measured?.report ?? null }, null, 2);
    const told = await navigator.clipboard.writeText(text).then(
      () => 'Copied',
      () => 'The browser refused',
    );
    setText(this.copy, told);
    setTimeout(() => setText(this.copy, 'Copy report'), 2000);
  }
}
