/**
 * The events of a client, for handlers added at any time. The client gives each event once, to its first subscriber, so events from before
 * the first handler wait here.
 */
import type { Subscription } from 'rxjs';
import type { ReceiptClient, ReceiptEvent } from '../index.ts';

/** As many as the client keeps. */
const MAX_WAITING = 1000;

export interface ClientEvents {
  /** Subscribes, for calls with an answer of the server. */
  readonly start: () => void;
  /** The app has added a handler. Its other handlers, added in the same turn, get the early events too. */
  readonly handle: () => void;
  readonly stop: () => void;
}

/**
 * @param first gets every event at once, with or without handlers. True: the event is no news for the handlers.
 * @param dispatch passes one event to the app's handlers.
 */
export const createClientEvents = (
  client: Pick<ReceiptClient, 'watchEvents'>,
  first: (event: ReceiptEvent) => boolean,
  dispatch: (event: ReceiptEvent) => void,
): ClientEvents => {
  const early: ReceiptEvent[] = [];
  let hasHandlers = false;
  let subscription: Subscription | null = null;

  const start = (): void => {
    subscription ??= client.watchEvents().subscribe((event) => {
      if (first(event)) return;
      if (hasHandlers) dispatch(event);
      else if (early.push(event) > MAX_WAITING) early.shift();
    });
  };

  return {
    start,
    handle: () =>
      queueMicrotask(() => {
        hasHandlers = true;
        early.splice(0).forEach(dispatch);
        start();
      }),
    stop: () => subscription?.unsubscribe(),
  };
};
