/** Turns an SDK's events into what the outbox asks for: each change of the connection, and the present state at once. */
import type { Connected } from '../api.ts';

/**
 * @param now tells the present state.
 * @param listen begins to listen, and returns the function that stops it.
 */
export const connectedBy = (now: () => boolean, listen: (next: (isConnected: boolean) => void) => () => void): Connected => ({
  subscribe(next) {
    const unsubscribe = listen(next);
    next(now());
    return { unsubscribe };
  },
});
