/** Conflation: at most one emission in a frame of the screen. The first wake-up emits at once, and later ones emit together at its end. */
import { Observable } from 'rxjs';
import type { Cancel, ClockPort } from '../../ports/ports.ts';

export const FRAME_MS = 16;

/**
 * Conflates wake-ups. The listener reads the state anew at each emission, so no change is lost.
 *
 * @param isNews selects wake-ups after which the state may look different. Any other wake-up ends the wait of earlier ones, if it is urgent.
 * @param isUrgent selects wake-ups that emit at once: a call is about to resolve, and the views must show its effect before.
 */
export const conflated =
  <T>(clock: ClockPort, isNews: (wakeUp: T) => boolean, isUrgent: (wakeUp: T) => boolean, ms = FRAME_MS) =>
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
          dirty ||= isNews(wakeUp);
          if (dirty && (!cancel || isUrgent(wakeUp))) emit();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return () => {
        cancel?.();
        subscription.unsubscribe();
      };
    });
