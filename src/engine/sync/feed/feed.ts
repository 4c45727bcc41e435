/**
 * The change feed on one connection: asks for what is new, stores it step by step, and asks again where a step is missing. What came of a
 * snapshot before the connection broke is kept, and the next one goes on from there (F60).
 */
import { ProtocolError } from '../../../errors.ts';
import type { Cancel, ClockPort } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { Frame } from '../../../protocol/frames.ts';
import type { News } from '../../apply/apply-server-rows.ts';
import type { IntentPorts } from '../../write/enqueue.ts';
import type { Writer } from '../../write/writer.ts';
import { applyChanges, applySnapshot } from '../../apply/apply-changes.ts';

/** Steps in a row that do not fit, before the connection is doubted (I-21). */
const MAX_GAPS = 3;

type Changes = Frame<'changes'>;

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
  /** The pull that is not answered to its end; `undefined` for none. */
  private asked: string | null | undefined;
  /** Frames of a snapshot, which is taken as a whole, so that nothing half of it is ever shown. */
  private snapshot: Changes[] = [];
  private isSnapshot = false;
  private cancel: Cancel = () => undefined;
  private readonly backoff: Backoff;

  constructor(
    private readonly ports: IntentPorts & { readonly clock: ClockPort },
    private readonly writer: Writer,
    private readonly handlers: FeedHandlers,
  ) {
    this.backoff = new Backoff(ports.random);
  }

  /** From where this device stands. */
  pull(): void {
    const { cursor } = this.writer.model;
    this.isSnapshot = cursor === null;
    this.ask(cursor ?? this.brokenOffAt());
  }

  /** Whether what is stored here is of the server's history, as far as is known. */
  get continues(): boolean {
    return this.writer.model.cursor !== null && !this.isSnapshot;
  }

  /** The server lost what it once acked. */
  lost(): void {
    if (this.continues) this.pullAnew();
  }

  /** The server does not know the cursor it was told. */
  pullAnew(): void {
    // A server that does not know where everything begins is asked a few times only (I-21).
    if (this.asked === null && ++this.gaps > MAX_GAPS)
      return this.handlers.broken(new ProtocolError('protocol/bad-frame', 'the server does not know the beginning of its feed'));
    // Nor where a snapshot broke off: it begins again.
    if (this.isSnapshot) this.snapshot = [];
    this.isSnapshot = true;
    this.ask(this.brokenOffAt());
  }

  /** Not now: the same again, later each time until a step of the feed is stored. */
  busy(retryAfterMs: number): void {
    const { asked } = this;
    if (asked === undefined) return;
    this.cancel();
    this.cancel = this.ports.clock.timer(this.backoff.failed(retryAfterMs), () => this.ask(asked));
  }

  stop(): void {
    this.generation++;
    this.gaps = 0;
    this.asked = undefined;
    this.isSnapshot = false;
    this.cancel();
  }

  take(frame: Changes): void {
    if (this.isSnapshot) this.collect(frame);
    else this.step(frame);
  }

  private ask(cursor: string | null): void {
    this.cancel();
    this.asked = cursor;
    const { confirmedAt } = this.writer.model;
    // A server put back to before it acked what this device sent may still know the cursor: it lost what no feed had confirmed (F67).
    const goesOn = this.isSnapshot && cursor !== null;
    this.handlers.send({
      type: 'pull',
      cursor,
      ...(goesOn ? { snapshot: true } : {}),
      ...(this.continues && confirmedAt !== null ? { confirmedAt } : {}),
    });
  }

  private brokenOffAt(): string | null {
    return this.snapshot[this.snapshot.length - 1]?.to ?? null;
  }

  private collect(frame: Changes): void {
    const { writer, handlers, generation, ports } = this;
    if (frame.from !== this.brokenOffAt()) {
      // Steps of the feed that was on before, or what is here already.
      if (this.snapshot.length > 0 && !this.snapshot.some(({ to }) => to === frame.to)) this.mendGap();
      return;
    }
    this.snapshot.push(frame);
    this.backoff.succeeded();
    if (!frame.complete) return;
    const frames = this.snapshot;
    this.snapshot = [];
    this.isSnapshot = false;
    this.asked = undefined;
    writer
      .write('apply-snapshot', { durability: 'relaxed', fence: handlers.fence(), readsPages: true }, (draft) =>
        applySnapshot(draft, ports, frames),
      )
      .then(
        () => {
          if (generation === this.generation) handlers.caughtUp();
        },
        (error: unknown) => handlers.failed(error),
      );
  }

  private step(frame: Changes): void {
    const { writer, handlers, generation, ports } = this;
    const news = handlers.news();
    const readsPages = frame.rows.length > 0 || frame.receipts !== undefined;
    writer
      .write('apply-changes', { durability: 'relaxed', fence: handlers.fence(), readsPages }, (draft) =>
        applyChanges(draft, ports, frame, news),
      )
      .then(
        (outcome) => {
          if (generation !== this.generation) return;
          if (outcome === 'gap') return this.mendGap();
          this.gaps = 0;
          this.backoff.succeeded();
          this.snapshot = [];
          if (!frame.complete) return;
          this.asked = undefined;
          handlers.caughtUp();
        },
        (error: unknown) => handlers.failed(error),
      );
  }

  /** A frame that does not fit is no reason to doubt the connection; one after the other is. */
  private mendGap(): void {
    if (++this.gaps > MAX_GAPS)
      return this.handlers.broken(new ProtocolError('protocol/bad-frame', 'the feed does not continue from the stored cursor'));
    if (this.isSnapshot) this.ask(this.brokenOffAt());
    else this.pull();
  }
}
