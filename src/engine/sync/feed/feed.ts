/**
 * The change feed on one connection: pulls the changes after the stored cursor and stores them frame by frame.
 *
 *                     pull ──> server ──> changes frame
 *                      ▲                      │
 *                      │                      ├─ starts at the stored cursor ──> one transaction stores
 *                      │                      │                                  the changes and the cursor
 *                      ├── a frame is missing ┤
 *                      ├── server is busy ────┤  (pulls again later each time)
 *                      │                      │
 *                      └── cursor is unknown ─┘─ snapshot: the feed collects all frames, and one
 *                                                transaction stores them with the last frame
 *
 * Snapshot frames that arrived before a connection broke are kept. The next connection continues after them (F60).
 */
import { ProtocolError } from '../../../errors.ts';
import type { Cancel, ClockPort } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { Frame } from '../../../protocol/frames.ts';
import type { News } from '../../apply/apply-messages.ts';
import type { IntentPorts } from '../../write/enqueue.ts';
import type { Writer } from '../../write/writer.ts';
import { isStepDue } from '../../apply/as-of.ts';
import { applyChanges, applySnapshot } from '../../apply/apply-changes.ts';

/** Frames in a row with a wrong start, before the feed reports a broken connection (I-21). */
export const MAX_GAPS = 3;

/** The frames are stored in their order, and after what the user does. */
const BACKGROUND = { durability: 'relaxed', lane: 'background' } as const;

type Changes = Frame<'changes'>;

export interface FeedHandlers {
  readonly send: (frame: Frame<'pull'>) => void;
  readonly fence: () => number;
  readonly news: () => News;
  /** The feed has stored all changes that the server has. */
  readonly caughtUp: () => void;
  readonly broken: (error: ProtocolError) => void;
  readonly failed: (error: unknown) => void;
}

export class Feed {
  /** Number of the current connection. A write that ends after its connection reports nothing (F48). */
  private generation = 0;
  private gaps = 0;
  /** Cursor of the pull that the server has not answered completely; `undefined` when there is none. */
  private pulledFrom: string | null | undefined;
  /** Collected frames of a snapshot. They are stored as a whole, so that the views never show half a snapshot. */
  private snapshot: Changes[] = [];
  private isSnapshot = false;
  /** The server has lost the history to which the stored data belongs. The next snapshot replaces the data. */
  private isHistoryLost = false;
  /** The newest time at which the server had no change after this cursor. */
  private caughtUp: Frame<'pong'>['caughtUp'];
  private cancel: Cancel = () => undefined;
  private readonly backoff: Backoff;

  constructor(
    private readonly ports: IntentPorts & { readonly clock: ClockPort },
    private readonly writer: Writer,
    private readonly handlers: FeedHandlers,
  ) {
    this.backoff = new Backoff(ports.random);
  }

  /** Pulls the changes after the stored cursor, or a snapshot when there is no cursor. */
  pull(): void {
    const { cursor } = this.writer.model;
    this.isSnapshot = cursor === null;
    if (cursor !== null) this.isHistoryLost = false;
    this.sendPull(cursor ?? this.snapshotEnd());
  }

  /** True while the stored data belongs to the server's history, as far as this device knows. */
  get continues(): boolean {
    return !this.isHistoryLost;
  }

  /** The server lost confirmed changes: reads a snapshot, unless the feed is already reading a snapshot. */
  lost(): void {
    if (this.continues) this.pullAnew();
  }

  /** The server does not know the cursor of the pull: reads a snapshot. */
  pullAnew(): void {
    // A server that rejects even a pull without a cursor is asked a few times only (I-21).
    if (this.pulledFrom === null && ++this.gaps > MAX_GAPS)
      return this.handlers.broken(new ProtocolError('protocol/bad-frame', 'the server does not know the beginning of its feed'));
    // The server does not know the end of the collected frames either: the snapshot begins again.
    if (this.isSnapshot) this.snapshot = [];
    this.isSnapshot = this.isHistoryLost = true;
    this.sendPull(this.snapshotEnd());
  }

  /** The server is busy: sends the same pull again. The wait grows until a frame is stored. */
  busy(retryAfterMs: number): void {
    const { pulledFrom } = this;
    if (pulledFrom === undefined) return;
    this.cancel();
    this.cancel = this.ports.clock.timer(this.backoff.failed(retryAfterMs), () => this.sendPull(pulledFrom));
  }

  /** The server had no change at the heartbeat. */
  unchanged(at: NonNullable<Frame<'pong'>['caughtUp']>): void {
    if (at.cursor !== this.writer.model.cursor) return;
    this.caughtUp = at;
    if (isStepDue(this.writer.model.asOf, at.asOf)) this.storeAsOf();
  }

  /** Stores the time of the newest heartbeat. A failure costs only the time: the next catch-up stores a newer one. */
  private storeAsOf(): void {
    const { writer, handlers, caughtUp } = this;
    this.caughtUp = undefined;
    if (!caughtUp || caughtUp.asOf === writer.model.asOf) return;
    const { cursor, asOf } = caughtUp;
    writer
      .write('as-of', { ...BACKGROUND, fence: handlers.fence() }, (draft) => {
        if (draft.model.cursor === cursor) draft.change({ t: 'cursor', cursor, asOf });
      })
      .catch(() => undefined);
  }

  stop(): void {
    this.storeAsOf();
    this.generation++;
    this.gaps = 0;
    this.pulledFrom = undefined;
    this.isSnapshot = false;
    this.cancel();
  }

  take(frame: Changes): void {
    if (this.isSnapshot) this.collect(frame);
    else this.applyFrame(frame);
  }

  private sendPull(cursor: string | null): void {
    this.cancel();
    this.pulledFrom = cursor;
    const { confirmedAt } = this.writer.model;
    // A server restored from an older copy may still know the cursor although the server lost confirmed entries. `confirmedAt` tells
    // the server of them (F67). A service worker may have stored such entries before the first snapshot.
    const continuesSnapshot = this.isSnapshot && cursor !== null;
    this.handlers.send({
      type: 'pull',
      cursor,
      ...(continuesSnapshot ? { snapshot: true } : {}),
      ...(!this.isSnapshot && this.handlers.news() === 'live' ? { live: true as const } : {}),
      ...(this.continues && confirmedAt !== null ? { confirmedAt } : {}),
    });
  }

  private snapshotEnd(): string | null {
    return this.snapshot[this.snapshot.length - 1]?.to ?? null;
  }

  private collect(frame: Changes): void {
    const { writer, handlers, generation, ports } = this;
    if (frame.from !== this.snapshotEnd()) {
      // A frame of the feed before the snapshot is ignored, and so is a repeated frame. Any other frame leaves a gap.
      if (this.snapshot.length > 0 && !this.snapshot.some(({ to }) => to === frame.to)) this.pullAfterGap();
      return;
    }
    this.snapshot.push(frame);
    this.backoff.succeeded();
    if (!frame.complete) return;
    const frames = this.snapshot;
    const { isHistoryLost } = this;
    this.snapshot = [];
    this.isSnapshot = this.isHistoryLost = false;
    this.pulledFrom = undefined;
    writer
      .write('apply-snapshot', { ...BACKGROUND, fence: handlers.fence(), readsPages: true }, (draft) =>
        applySnapshot(draft, ports, frames, isHistoryLost),
      )
      .then(
        () => {
          if (generation === this.generation) handlers.caughtUp();
        },
        (error: unknown) => handlers.failed(error),
      );
  }

  private applyFrame(frame: Changes): void {
    const { writer, handlers, generation, ports } = this;
    const news = handlers.news();
    const readsPages = frame.rows.length > 0 || frame.receipts !== undefined;
    writer
      .write('apply-changes', { ...BACKGROUND, fence: handlers.fence(), readsPages }, (draft) => applyChanges(draft, ports, frame, news))
      .then(
        (outcome) => {
          if (generation !== this.generation) return;
          if (outcome === 'gap') return this.pullAfterGap();
          this.gaps = 0;
          this.backoff.succeeded();
          this.snapshot = [];
          if (!frame.complete) return;
          if (frame.asOf !== undefined) this.caughtUp = { cursor: frame.to, asOf: frame.asOf };
          this.pulledFrom = undefined;
          handlers.caughtUp();
        },
        (error: unknown) => handlers.failed(error),
      );
  }

  /** A single frame without its predecessor may be a race with another write. Many in a row mean a broken feed. */
  private pullAfterGap(): void {
    if (++this.gaps > MAX_GAPS)
      return this.handlers.broken(new ProtocolError('protocol/bad-frame', 'the feed does not continue from the stored cursor'));
    if (this.isSnapshot) this.sendPull(this.snapshotEnd());
    else this.pull();
  }
}
