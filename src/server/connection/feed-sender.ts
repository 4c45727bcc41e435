/**
 * Sends the change feed on one connection: the changes after the client's cursor, at the speed of the client.
 */
import type { UserId } from '../../model/ids.ts';
import type { Cancel } from '../../ports/ports.ts';
import { viewerOf } from './answer-fetch.ts';
import { type ChangesPage, pullPage } from '../feed/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { Core } from '../core.ts';
import type { Outgoing } from './outgoing.ts';
import type { Work } from '../store/server-store.ts';

/** News is a few items. A page of a catch-up or of a snapshot is long, and an opened chat goes before it. */
const NEWS: Work = {};
const CATCH_UP: Work = { weight: 16, isUrgent: false };

/** While a transaction of another server holds back the feed, the feed is read again: soon at first, then more rarely. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 1000;

interface Sent {
  /** The client's cursor after the page. */
  readonly at: string | null;
  readonly done: boolean;
}

export class FeedSender {
  private cursor: string | undefined;
  /** The last read that found no change after the cursor, for the client's `asOf`. */
  private caughtUp: Frame<'pong'>['caughtUp'];
  private pollMs = MIN_POLL_MS;
  private cancelPoll: Cancel | undefined;
  private endWait: (() => void) | undefined;

  /**
   * @param core the shared core, with the store of the connection's account.
   * @param between runs between two pages, for frames that overtake a long pull.
   * @param wake reads the news, because no hint tells when a held-back feed has caught up.
   * @param maxChars a pull stops above this size, and the next pull continues; `undefined` for no limit.
   */
  constructor(
    private readonly core: Core,
    private readonly out: Outgoing,
    private readonly between: () => Promise<void>,
    private readonly wake: () => void,
    private readonly maxChars = Infinity,
  ) {}

  /** Ends the wait of a pull for news. */
  release(): void {
    this.endWait?.();
  }

  stop(): void {
    this.cancelPoll?.();
    this.release();
  }

  lostHistory(): void {
    this.cursor = undefined;
    this.out.refuse('protocol/cursor-unknown', 'this cursor is not of this history: pull from null');
  }

  /**
   * Sends the changes after the connection's cursor, or nothing if there are none.
   *
   * @returns the cursor after which the server had no change, and the time; `undefined` if there were changes.
   */
  async pullNews(me: UserId): Promise<Frame<'pong'>['caughtUp']> {
    this.caughtUp = undefined;
    if (this.cursor !== undefined) await this.pull(me, this.cursor, true);
    return this.caughtUp;
  }

  /**
   * Sends everything after the cursor. `quietly` sends nothing if nothing changed. `resumesSnapshot`
   * continues an interrupted snapshot. `names`: see {@link pullPage}.
   */
  async pull(
    me: UserId,
    from: string | null,
    quietly: boolean,
    resumesSnapshot = false,
    names: 'all' | 'none' = quietly ? 'all' : 'none',
  ): Promise<void> {
    const { core, out } = this;
    const snapshot = from === null || resumesSnapshot;
    let at = from;
    for (;;) {
      await out.drained();
      if (!out.open) return;
      const here = at;
      const page = await core.store.read(
        'changes',
        (tx) => pullPage(tx, viewerOf(core, me), here, snapshot, names),
        quietly ? NEWS : CATCH_UP,
      );
      if (!page) return this.lostHistory();
      if (page.isBehind && page.complete) this.pollFeed();
      else this.pollMs = MIN_POLL_MS;
      if (quietly && page.empty && page.complete) {
        const asOf = page.frames[page.frames.length - 1]?.asOf;
        if (here !== null && here === from && asOf !== undefined) this.caughtUp = { cursor: here, asOf };
        return;
      }
      const sent = await this.send(page, here);
      at = sent.at;
      if (sent.done || out.sent > this.maxChars) return;
      await this.between();
    }
  }

  /**
   * Waits for changes after the cursor and sends them. After `waitMs` the client gets an empty `changes`
   * frame.
   */
  async pullWaiting(me: UserId, from: string, waitMs: number): Promise<void> {
    const { out } = this;
    const { clock } = this.core;
    const until = clock.mono() + waitMs;
    while (clock.mono() < until) {
      // The listener is set before the store is read, so that a change written in between ends the wait.
      const news = new Promise<void>((resolve) => (this.endWait = resolve));
      const cancel = clock.timer(until - clock.mono(), () => this.release());
      const before = out.sent;
      await this.pull(me, from, true);
      if (out.sent === before) await news;
      cancel();
      if (!out.open || out.sent > before) return;
    }
    // A change may have arrived at the end of the wait.
    await this.pull(me, from, false, false, 'all');
  }

  private pollFeed(): void {
    this.core.metrics.add('tidemark_feed_held_total', 1, {});
    this.pollMs = Math.min(this.pollMs * 2, MAX_POLL_MS);
    this.cancelPoll?.();
    this.cancelPoll = this.core.clock.timer(this.pollMs, this.wake);
  }

  /**
   * Sends one page, as far as a slow client takes the frames. The server keeps no frames for a slow client
   * and reads the rest again later.
   */
  private async send({ frames, whole, complete }: ChangesPage, from: string | null): Promise<Sent> {
    const { out } = this;
    let at = from;
    for (const [i, frame] of frames.entries()) {
      out.send(frame);
      this.cursor = at = frame.to;
      if (i === frames.length - 1) break;
      // The next page would repeat the items of a version that this frame begins, so its other frames are sent too. News names each reader once.
      if (at !== from && whole[i] && (out.isFull || out.sent > this.maxChars)) return { at, done: false };
      await out.drained();
    }
    return { at, done: complete };
  }
}
