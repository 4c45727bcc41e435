/** Folds what other tabs wrote: when they say so, when this tab was away, and now and then, since hints may be lost (F23). */
import type { Cancel, Ports } from '../../ports/ports.ts';
import type { Writer } from '../write/writer.ts';

/** What a lost hint costs at most, in a tab that somebody sees or that syncs. */
const LOOK_MS = 10_000;

/**
 * @param isLeading a tab that syncs looks also while it is hidden.
 * @returns how to stop.
 */
export const keepFresh = (ports: Pick<Ports, 'bus' | 'life' | 'clock' | 'log'>, writer: Writer, isLeading: () => boolean): Cancel => {
  const { bus, life, clock, log } = ports;
  let isHidden = false;
  let isParked = false;
  const refresh = (): void => {
    writer.refresh().catch((error: unknown) => log('could not read what another tab wrote', error));
  };
  const tick = (): void => {
    cancel = clock.timer(LOOK_MS, tick);
    if (!isParked && (!isHidden || isLeading())) refresh();
  };
  let cancel = clock.timer(LOOK_MS, tick);
  const ends = [
    // A nudge may be for something whose hint did not come.
    bus.listen(({ type }) => {
      if (type === 'changed' || (type === 'nudge' && isLeading())) refresh();
    }),
    life.listen((event) => {
      if (event === 'hidden') isHidden = true;
      if (event === 'visible') isHidden = false;
      if (event === 'parked') isParked = true;
      if (event !== 'visible' && event !== 'resumed' && event !== 'online') return;
      isParked = false;
      refresh();
    }),
  ];
  return () => {
    cancel();
    for (const end of ends) end();
  };
};
