/** At most one emission a frame: the first at once, what comes meanwhile as one at the frame's end. */
import { Observable } from 'rxjs';
import type { Cancel, ClockPort } from '../../ports/ports.ts';

export const FRAME_MS = 16;

/**
 * Conflates wake-ups. Whoever listens looks at the state afresh, so nothing is lost by it.
 *
 * @param isUrgent those that wait for no frame: somebody is answered next, and what they did must be seen first.
 */
export const conflated =
  <T>(clock: ClockPort, isUrgent: (wakeUp: T) => boolean, ms = FRAME_MS) =>
  (wakeUps: Observable<T>): Observable<void> =>
    new Observable<void>((subscriber) => {
      let cancel: Cancel | null = null;
      let dirty = false;
      const emit = (): void => {
        dirty = false;
        cancel?.();
        cancel = clock.timer(ms, rest);
        subscriber.next();
      };
      const rest = (): void => {
        cancel = null;
        if (dirty) emit();
      };
      const subscription = wakeUps.subscribe({
        next: (wakeUp) => {
          dirty = true;
          if (!cancel || isUrgent(wakeUp)) emit();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return () => {
        cancel?.();
        subscription.unsubscribe();
      };
    });
