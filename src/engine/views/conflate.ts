/** At most one emission a frame: the first at once, what comes meanwhile as one at the frame's end. */
import { Observable } from 'rxjs';
import type { Cancel, ClockPort } from '../../ports/ports.ts';

export const FRAME_MS = 16;

/** Conflates wake-ups. Whoever listens looks at the state afresh, so nothing is lost by it. */
export const conflated =
  (clock: ClockPort, ms = FRAME_MS) =>
  (wakeUps: Observable<unknown>): Observable<void> =>
    new Observable<void>((subscriber) => {
      let cancel: Cancel | null = null;
      let dirty = false;
      const rest = (): void => {
        cancel = null;
        if (!dirty) return;
        dirty = false;
        cancel = clock.timer(ms, rest);
        subscriber.next();
      };
      const subscription = wakeUps.subscribe({
        next: () => {
          dirty = true;
          if (!cancel) rest();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return () => {
        cancel?.();
        subscription.unsubscribe();
      };
    });
