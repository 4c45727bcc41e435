/** Reads the log records of other tabs: after a hint, when this tab becomes active again, and every 10 s, because hints may be lost (F23). */
import type { Cancel, Ports } from '../../ports/ports.ts';
import type { Writer } from '../write/writer.ts';
import { errorDetails } from '../../logging.ts';

/** Longest delay after a lost hint, in a visible tab and in the leader tab. */
const REFRESH_MS = 10_000;

/**
 * @param isLeading whether this tab is the leader tab, which reads also while it is hidden.
 * @returns stops the reading.
 */
export const keepFresh = (ports: Pick<Ports, 'bus' | 'life' | 'clock' | 'log'>, writer: Writer, isLeading: () => boolean): Cancel => {
  const { bus, life, clock, log } = ports;
  let isHidden = false;
  let isParked = false;
  const refresh = (): void => {
    writer.refresh().catch((error: unknown) => log('warn', 'store-not-read', errorDetails(error)));
  };
  const tick = (): void => {
    cancel = clock.timer(REFRESH_MS, tick);
    if (!isParked && (!isHidden || isLeading())) refresh();
  };
  let cancel = clock.timer(REFRESH_MS, tick);
  const ends = [
    // A nudge may concern an entry for which the hint was lost.
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
