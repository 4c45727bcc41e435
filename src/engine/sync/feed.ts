/** The change feed on one connection: asks for what is new, stores it step by step, and asks again where a step is missing. */
import { ProtocolError } from '../../errors.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { News } from '../facts.ts';
import type { IntentPorts } from '../owe.ts';
import type { Writer } from '../write.ts';
import { applyChanges, applySnapshot } from './apply-changes.ts';

/** Steps in a row that do not fit, before the connection is doubted (I-21). */
const MAX_GAPS = 3;

export interface FeedHandlers {
  readonly send: (frame: Frame<'pull'>) => void;
  readonly fence: () => number;
  readonly news: () => News;
  /** Everything up to now is stored. */
  readonly caughtUp: () => void;
  readonly broken: (error: ProtocolError) => void;
  readonly failed: (error: unknown) => void;
}

export class Feed {
  /** Words about an older connection are dropped (F48). */
  private generation = 0;
  private gaps = 0;
  /** A snapshot comes in frames, and is taken as a whole. */
  private snapshot: Frame<'changes'>[] | null = null;

  constructor(
    private readonly ports: IntentPorts,
    private readonly writer: Writer,
    private readonly handlers: FeedHandlers,
  ) {}

  /** From where this device stands. */
  pull(cursor: string | null = this.writer.model.cursor): void {
    this.snapshot = cursor === null ? [] : null;
    this.handlers.send({ type: 'pull', cursor });
  }

  /** The server does not know where this device stands. */
  pullAnew(): void {
    this.pull(null);
  }

  stop(): void {
    this.generation++;
    this.gaps = 0;
    this.snapshot = null;
  }

  take(frame: Frame<'changes'>): void {
    const { ports, writer, handlers, generation } = this;
    const fence = handlers.fence();
    const news = handlers.news();
    const durability = 'relaxed';
    const caughtUp = (): void => {
      if (generation === this.generation) handlers.caughtUp();
    };
    if (this.snapshot) {
      if (this.snapshot.length === 0 && frame.from !== null) return;
      this.snapshot.push(frame);
      if (!frame.complete) return;
      const frames = this.snapshot;
      this.snapshot = null;
      writer
        .write('apply-snapshot', { durability, fence }, (draft) => applySnapshot(draft, ports, frames))
        .then(caughtUp, (error: unknown) => handlers.failed(error));
      return;
    }
    const readsPages = frame.rows.length > 0 || frame.receipts !== undefined;
    writer
      .write('apply-changes', { durability, fence, readsPages }, (draft) => applyChanges(draft, ports, frame, news))
      .then(
        (outcome) => {
          if (generation !== this.generation) return;
          if (outcome === 'gap') return this.mendGap();
          this.gaps = 0;
          if (frame.complete) caughtUp();
        },
        (error: unknown) => handlers.failed(error),
      );
  }

  /** A frame that does not fit is no reason to doubt the connection; one after the other is. */
  private mendGap(): void {
    if (++this.gaps > MAX_GAPS)
      return this.handlers.broken(new ProtocolError('protocol/bad-frame', 'the feed does not continue from the stored cursor'));
    this.pull();
  }
}
