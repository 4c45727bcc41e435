/**
 * Which engine each topic is watched on while the account moves. Topics about the account follow the current engine. Messages and counts stay
 * with the engine before until the new engine knows enough, so nothing flickers.
 */
import { BehaviorSubject, Observable, type Subscription } from 'rxjs';
import type { Engine } from '../engine/engine.ts';
import type { ConnectionStatus } from '../model/status.ts';
import type { Topic } from '../model/topic.ts';
import type { CurrentEngine } from './current-engine.ts';
import type { Place } from './place.ts';

const STATE_TOPICS: ReadonlySet<Topic['of']> = new Set(['connection', 'outbox', 'events', 'dead-letters'] satisfies Topic['of'][]);
const COUNT_TOPICS: ReadonlySet<Topic['of']> = new Set([
  'total-unread',
  'badge',
  'unread',
  'mentions',
  'conversations',
  'conversation',
] satisfies Topic['of'][]);

export class ShownEngines {
  /** The source of shown messages. A new engine takes over only after loading its state. */
  private readonly messages$ = new BehaviorSubject<Engine | null>(null);
  /** The source of shown counts. The first engine also waits here if a lost store knew more: its 0 would be a guess. */
  private readonly counts$ = new BehaviorSubject<Engine | null>(null);

  constructor(private readonly current: CurrentEngine) {}

  /** The account runs on a new engine. */
  take({ engine, isBlank }: Pick<Place, 'engine' | 'isBlank'>): void {
    this.show(this.messages$, engine, this.messages$.value === null ? null : engine.whenFilled());
    this.show(this.counts$, engine, this.counts$.value === null && !isBlank ? null : engine.whenKnown());
  }

  /** @param when the engine takes over at this moment; null: at once. */
  private show(on$: BehaviorSubject<Engine | null>, engine: Engine, when: Promise<void> | null): void {
    if (!when) on$.next(engine);
    else
      void when.then(() => {
        if (this.current.now === engine) on$.next(engine);
      });
  }

  watch(topic: Topic): Observable<unknown> {
    const engine$ = STATE_TOPICS.has(topic.of) ? this.current.engine$ : COUNT_TOPICS.has(topic.of) ? this.counts$ : this.messages$;
    let first: Engine | null = null;
    let last: ConnectionStatus | null = null;
    return new Observable((subscriber) => {
      let watching: Subscription | undefined;
      const follow = (engine: Engine | null): void => {
        watching?.unsubscribe();
        first ??= engine;
        // Another store numbers its events from 1.
        const wanted: Topic = topic.of === 'events' && engine !== first ? { of: 'events' } : topic;
        watching = engine?.watch(wanted).subscribe({
          next: (value) => {
            if (topic.of === 'connection') last = value as ConnectionStatus;
            subscriber.next(value);
          },
          error: (error: unknown) => subscriber.error(error),
        });
        // While the account moves, nothing is connected.
        if (!engine && last) subscriber.next({ ...last, state: 'offline', leader: false, retryAt: null } satisfies ConnectionStatus);
      };
      subscriber.add(() => watching?.unsubscribe());
      subscriber.add(this.current.engine$.subscribe({ error: () => subscriber.complete() }));
      if (!subscriber.closed) subscriber.add(engine$.subscribe({ next: follow, error: () => undefined }));
    });
  }
}
