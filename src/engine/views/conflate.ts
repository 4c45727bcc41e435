/** Conflation: at most one refresh in a frame of the screen. The first change refreshes at once; later changes refresh together, at the end of the frame. */
import type { Cancel, ClockPort } from '../../ports/ports.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';

const FRAME_MS = 16;

/**
 * Calls `refresh` at once, and after changes. `refresh` reads the state anew each time, so no change is lost.
 *
 * @param isNews selects changes after which the state may look different. Another change ends the wait of earlier ones, if a call is about
 * to resolve: the views must show the effect of the call before.
 */
export const conflate = (
  clock: ClockPort,
  writer: Pick<Writer, 'onChange' | 'onUnchanged'>,
  isNews: (dirty: Dirty) => boolean,
  refresh: () => void,
): Cancel => {
  let cancel: Cancel | null = null;
  let dirty = false;
  const refreshNow = (): void => {
    dirty = false;
    cancel?.();
    cancel = clock.timer(FRAME_MS, rest);
    refresh();
  };
  const rest = (): void => {
    cancel = null;
    if (dirty) refreshNow();
  };
  const hear = (change: Dirty): void => {
    dirty ||= isNews(change);
    if (dirty && (!cancel || change.awaited)) refreshNow();
  };
  const stops = [writer.onChange(hear), writer.onUnchanged(hear)];
  refreshNow();
  return () => {
    cancel?.();
    for (const stop of stops) stop();
  };
};
