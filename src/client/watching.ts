/** The page's Observables: one crossing per topic however many subscribe, the latest value replayed, first paint before the worker. */
import {
  catchError,
  defer,
  distinctUntilChanged,
  filter,
  finalize,
  from,
  map,
  merge,
  NEVER,
  type Observable,
  ReplaySubject,
  share,
  takeUntil,
} from 'rxjs';
import type { FirstPaint } from '../model/conversation.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { StreamPort } from '../bridge/streams.ts';

/** What the first paint says of a topic; undefined where it says nothing. */
const painted = (topic: Topic, paint: FirstPaint): TopicValue[Topic['of']] | undefined => {
  switch (topic.of) {
    case 'total-unread':
      return paint.totalUnreadCount;
    case 'unread':
      return paint.conversations.find(({ id }) => id === topic.conversationId)?.unreadCount;
    case 'conversation':
      return paint.conversations.find(({ id }) => id === topic.conversationId);
    case 'conversations':
      return paint.conversations.slice(0, topic.limit);
    default:
      return undefined;
  }
};

const isCounting = ({ of }: Topic): boolean => of === 'total-unread' || of === 'unread';

/** What was painted is not emitted a second time by the worker. */
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

export class Watching {
  private readonly open = new Map<string, Observable<unknown>>();

  /** Emits once when the worker runs, and never fails: without a worker the first paint is all there is. */
  private readonly started$: Observable<unknown>;

  constructor(
    private readonly streams: StreamPort,
    private readonly paint: Promise<FirstPaint | null>,
    started: Promise<unknown>,
  ) {
    this.started$ = from(started).pipe(catchError(() => NEVER));
  }

  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    const key = JSON.stringify(topic);
    let known = this.open.get(key);
    if (!known) {
      known = this.make(topic, key);
      this.open.set(key, known);
    }
    return known as Observable<TopicValue[T['of']]>;
  }

  private make(topic: Topic, key: string): Observable<unknown> {
    const forget = (): void => void this.open.delete(key);
    // News are not replayed: each subscriber hears what comes while it listens.
    if (topic.of === 'events') return this.streams.watch(topic).pipe(finalize(forget), share());
    const live$ = defer(() => this.streams.watch(topic)).pipe(share());
    const paint$ = from(this.paint).pipe(
      map((paint) => (paint ? painted(topic, paint) : undefined)),
      filter((value) => value !== undefined),
      takeUntil(live$),
      // From then on the store moves, and what was read before may be of another day: the worker's own word comes at once.
      takeUntil(this.started$),
    );
    return merge(live$, paint$).pipe(
      distinctUntilChanged(isCounting(topic) ? Object.is : same),
      finalize(forget),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true, resetOnComplete: false }),
    );
  }
}
