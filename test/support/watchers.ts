/** Between the watchers of the worker and the Observables of the tests. */
import { Observable } from 'rxjs';
import type { Topic, TopicValue, Watcher } from '../../src/model/api/topic.ts';
import type { Cancel } from '../../src/ports/ports.ts';

/** What a `watch` of the worker tells, as an Observable. */
export const observed = <T extends Topic>(
  source: { watch(topic: Topic, watcher: Watcher<unknown>): Cancel },
  topic: T,
): Observable<TopicValue[T['of']]> =>
  new Observable((subscriber) =>
    source.watch(topic, {
      next: (value) => subscriber.next(value as TopicValue[T['of']]),
      failed: (error) => subscriber.error(error),
      ended: () => subscriber.complete(),
    }),
  );

/** The `watch` of a worker that tells what the Observables emit. */
export const watchOf =
  (open: (topic: Topic) => Observable<unknown>) =>
  (topic: Topic, { next, failed, ended }: Watcher<unknown>): Cancel => {
    const subscription = open(topic).subscribe({ next, error: failed, complete: ended });
    return () => subscription.unsubscribe();
  };
