/**
 * The events of a client, for handlers added at any time. The client gives each event once, to its first subscriber, so events from before
 * the first handler wait here.
 */
import type { Subscription } from 'rxjs';
import type { ReceiptClient, ReceiptEvent } from '../index.ts';

/** As many as the client keeps. */
const MAX_WAITING = 1000;

export class ClientEvents {
  private readonly early: ReceiptEvent[] = [];
  private hasHandlers = false;
  private subscription: Subscription | null = null;

  /**
   * @param first gets every event at once, with or without handlers. True: the event is no news for the handlers.
   * @param dispatch passes one event to the app's handlers.
   */
  constructor(
    private readonly client: Pick<ReceiptClient, 'watchEvents'>,
    private readonly first: (event: ReceiptEvent) => boolean,
    private readonly dispatch: (event: ReceiptEvent) => void,
  ) {}

  /** Subscribes, for calls with an answer of the server. */
  start(): void {
    this.subscription ??= this.client.watchEvents().subscribe((event) => {
      if (this.first(event)) return;
      if (this.hasHandlers) this.dispatch(event);
      else if (this.early.push(event) > MAX_WAITING) this.early.shift();
    });
  }

  /** The app has added a handler. Its other handlers, added in the same turn, get the early events too. */
  handle(): void {
    if (this.hasHandlers) return;
    queueMicrotask(() => {
      this.hasHandlers = true;
      for (const event of this.early.splice(0)) this.dispatch(event);
      this.start();
    });
  }

  stop(): void {
    this.subscription?.unsubscribe();
  }
}
