/** Turns an SDK's events into a {@link Connected}: the present state at once, and each change. */
import type { Connected } from '../api.ts';

/**
 * @param now tells the present state.
 * @param listen begins to listen, and returns a function to stop listening.
 */
export const connectedBy = (now: () => boolean, listen: (next: (isConnected: boolean) => void) => () => void): Connected => ({
  subscribe(next) {
    const unsubscribe = listen(next);
    next(now());
    return { unsubscribe };
  },
});
