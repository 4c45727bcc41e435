/** The change feed on one connection: what is new since the client's cursor, no faster than the client takes it. */
import type { UserId } from '../../model/ids.ts';
import { viewerOf } from './answer-fetch.ts';
import { type ChangesPage, pullPage } from '../feed/changes.ts';
import type { Core } from '../core.ts';
import type { Outgoing } from './outgoing.ts';

interface Sent {
  /** Where the client's cursor is now. */
  readonly at: string | null;
  readonly done: boolean;
}

export class FeedSender {
  private cursor: string | undefined;
  private endWait: (() => void) | undefined;

  /**
   * @param core as the connection's account reaches it.
   * @param mostChars a pull stops short behind this, and is continued by the next one; `undefined` for no limit.
   */
  constructor(
    private readonly core: () => Core,
    private readonly out: Outgoing,
    private readonly maxChars = Infinity,
  ) {}

  /** Ends the wait of a pull that is held until there is news. */
  release(): void {
    this.endWait?.();
  }

  lostHistory(): void {
    this.cursor = undefined;
    this.out.refuse('protocol/cursor-unknown', 'this cursor is not of this history: pull from null');
  }

  /** What is new since the connection's cursor; nothing is said where nothing is. */
  async pullNews(me: UserId): Promise<void> {
    if (this.cursor !== undefined) await this.pull(me, this.cursor, true);
  }

  /** Everything after the cursor; `quietly` says nothing where nothing changed; `resumesSnapshot` with a snapshot that broke off. */
  async pull(me: UserId, from: string | null, quietly: boolean, resumesSnapshot = false): Promise<void> {
    const { out } = this;
    const snapshot = from === null || resumesSnapshot;
    let at = from;
    for (;;) {
      await out.drained();
      if (!out.open) return;
      const here = at;
      const core = this.core();
      const page = await core.store.read('changes', (tx) => pullPage(tx, viewerOf(core, me), here, snapshot));
      if (!page) return this.lostHistory();
      if (quietly && page.empty && page.complete) return;
      const sent = await this.send(page, here);
      at = sent.at;
      if (sent.done || out.sent > this.maxChars) return;
    }
  }

  /** Everything after the cursor, as soon as there is anything; after that time, that there is nothing. */
  async pullWaiting(me: UserId, from: string, waitMs: number): Promise<void> {
    const { out } = this;
    const { clock } = this.core();
    const until = clock.mono() + waitMs;
    while (clock.mono() < until) {
      // Listened for before it is looked: what is written in between is not slept through.
      const news = new Promise<void>((resolve) => (this.endWait = resolve));
      const cancel = clock.timer(until - clock.mono(), () => this.release());
      const before = out.sent;
      await this.pull(me, from, true);
      if (out.sent === before) await news;
      cancel();
      if (!out.open || out.sent > before) return;
    }
    await this.pull(me, from, false);
  }

  /** One page, as far as the reader takes it. What it does not take is read again later, and not held until then. */
  private async send({ frames, complete }: ChangesPage, from: string | null): Promise<Sent> {
    const { out } = this;
    let at = from;
    for (const [i, frame] of frames.entries()) {
      out.send(frame);
      this.cursor = at = frame.to;
      if (i === frames.length - 1) break;
      // Frames that end where the page began come again with every page from there: those are sent to the end.
      if (at !== from && (out.isFull || out.sent > this.maxChars)) return { at, done: false };
      await out.drained();
    }
    return { at, done: complete };
  }
}
