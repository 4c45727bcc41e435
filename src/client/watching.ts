/**
 * The page's Observables. All subscribers of a topic share one subscription at the worker. A new subscriber gets the
 * latest value, and the first paint before the worker runs.
 */
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
import { type Conversation, type FirstPaint, PAINTED_CONVERSATIONS } from '../model/conversation/conversation.ts';
import { isSelected, type ListWanted } from '../model/conversation/list.ts';
import type { Topic, TopicValue } from '../model/api/topic.ts';
import { pickTotal } from '../model/conversation/total.ts';
import type { StreamPort } from '../bridge/streams.ts';

/**
 * A list of the first paint, which holds the first conversations that are not archived. Undefined if the wanted list
 * may have more: a list that shows less than there is would be wrong (F144).
 */
const paintedList = (conversations: readonly Conversation[], wanted: ListWanted): readonly Conversation[] | undefined => {
  if (wanted.archived || wanted.before) return undefined;
  const list = conversations.filter((one) => isSelected({ ...one, isUnread: one.unreadCount > 0 || one.markedUnread }, wanted));
  return conversations.length < PAINTED_CONVERSATIONS || list.length >= wanted.limit ? list.slice(0, wanted.limit) : undefined;
};

/** The first paint's value for a topic; undefined without such a value. */
const painted = (topic: Topic, paint: FirstPaint): TopicValue[Topic['of']] | undefined => {
  switch (topic.of) {
    case 'total-unread':
      return pickTotal(paint.totals, topic.wanted);
    case 'unread':
      return paint.conversations.find(({ id }) => id === topic.conversationId)?.unreadCount;
    case 'mentions':
      return paint.conversations.find(({ id }) => id === topic.conversationId)?.mentionCount;
    case 'conversation':
      return paint.conversations.find(({ id }) => id === topic.conversationId);
    case 'conversations':
      return paintedList(paint.conversations, topic);
    default:
      return undefined;
  }
};

const isCounting = ({ of }: Topic): boolean => of === 'total-unread' || of === 'unread' || of === 'mentions';

/** Compares two values: the worker's first value is dropped if the first paint showed the same. */
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

export class Watching {
  private readonly open = new Map<string, Observable<unknown>>();

  /** Emits once when the worker runs. Never fails: without a worker, the first paint stays. */
  private readonly started$: Observable<unknown>;

  constructor(
    private readonly streams: Pick<StreamPort, 'watch'>,
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
    // Events are not replayed: a subscriber gets the events during its subscription.
    if (topic.of === 'events') return this.streams.watch(topic).pipe(finalize(forget), share());
    const live$ = defer(() => this.streams.watch(topic)).pipe(share());
    const paint$ = from(this.paint).pipe(
      map((paint) => (paint ? painted(topic, paint) : undefined)),
      filter((value) => value !== undefined),
      takeUntil(live$),
      // The store changes after the worker's start, and painted values may be days old. The worker's own value follows
      // at once.
      takeUntil(this.started$),
    );
    return merge(live$, paint$).pipe(
      distinctUntilChanged(isCounting(topic) ? Object.is : same),
      finalize(forget),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true, resetOnComplete: false }),
    );
  }
}
