/** Conflation: at most one emission in a frame of the screen. The first change emits at once, and later ones emit together at its end. */
import { Observable } from 'rxjs';
import type { Cancel, ClockPort } from '../../ports/ports.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';

const FRAME_MS = 16;

/**
 * Emits at once, and after changes. The listener reads the state anew at each emission, so no change is lost.
 *
 * @param isNews selects changes after which the state may look different. Another change ends the wait of earlier ones, if a call is about
 * to resolve: the views must show the effect of the call before.
 */
export const conflated = (
  clock: ClockPort,
  writer: Pick<Writer, 'onChange' | 'onUnchanged'>,
  isNews: (dirty: Dirty) => boolean,
): Observable<void> =>
  new Observable<void>((subscriber) => {
    let cancel: Cancel | null = null;
    let dirty = false;
    const emit = (): void => {
      dirty = false;
      cancel?.();
      cancel = clock.timer(FRAME_MS, rest);
      subscriber.next();
    };
    const rest = (): void => {
      cancel = null;
      if (dirty) emit();
    };
    const hear = (change: Dirty): void => {
      dirty ||= isNews(change);
      if (dirty && (!cancel || change.awaited)) emit();
    };
    const stops = [writer.onChange(hear), writer.onUnchanged(hear)];
    emit();
    return () => {
      cancel?.();
      for (const stop of stops) stop();
    };
  });
