/** Conflation: at most one look in a frame of the screen. The first change is looked at at once, and later ones together at its end. */
import type { Cancel, ClockPort } from '../../ports/ports.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';

const FRAME_MS = 16;

/**
 * Calls `look` at once, and after changes. `look` reads the state anew each time, so no change is lost.
 *
 * @param isNews selects changes after which the state may look different. Another change ends the wait of earlier ones, if a call is about
 * to resolve: the views must show the effect of the call before.
 */
export const conflate = (
  clock: ClockPort,
  writer: Pick<Writer, 'onChange' | 'onUnchanged'>,
  isNews: (dirty: Dirty) => boolean,
  look: () => void,
): Cancel => {
  let cancel: Cancel | null = null;
  let dirty = false;
  const lookNow = (): void => {
    dirty = false;
    cancel?.();
    cancel = clock.timer(FRAME_MS, rest);
    look();
  };
  const rest = (): void => {
    cancel = null;
    if (dirty) lookNow();
  };
  const hear = (change: Dirty): void => {
    dirty ||= isNews(change);
    if (dirty && (!cancel || change.awaited)) lookNow();
  };
  const stops = [writer.onChange(hear), writer.onUnchanged(hear)];
  lookNow();
  return () => {
    cancel?.();
    for (const stop of stops) stop();
  };
};
