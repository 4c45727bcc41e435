/**
 * One subscription of a stream for all components that show the stream, and the latest value for a rendering
 * component.
 *
 * The subscription ends in the turn after the last component has left. So the subscription outlives StrictMode, hot
 * reload and a change of the route: React runs a clean-up and the next effect in one turn.
 */
import type { Observable, Subscription } from 'rxjs';

/** Receives each value; undefined after the end of the stream: at a log-out, nothing of the account stays on the screen. */
type Listener<T> = (value: T | undefined) => void;

export class SharedStream<T> {
  private latest: T | undefined;
  private subscription: Subscription | null = null;
  private readonly listeners = new Set<Listener<T>>();

  private constructor(private readonly stream$: Observable<T>) {}

  private static readonly known = new WeakMap<Observable<unknown>, SharedStream<unknown>>();

  static of<T>(stream$: Observable<T>): SharedStream<T> {
    const known = SharedStream.known.get(stream$) as SharedStream<T> | undefined;
    if (known) return known;
    const made = new SharedStream(stream$);
    SharedStream.known.set(stream$, made as SharedStream<unknown>);
    return made;
  }

  /** The latest value; undefined while unknown. */
  readonly read = (): T | undefined => this.latest;

  /** @returns a function to remove the listener. */
  readonly listen = (listener: Listener<T>): (() => void) => {
    this.listeners.add(listener);
    this.subscription ??= this.stream$.subscribe({
      next: (value) => this.show(value),
      complete: () => this.show(undefined),
      error: (error: unknown) => {
        this.show(undefined);
        // The app shows a client that the app closed. No caller could catch an error here, so the error is reported.
        reportError(error);
      },
    });
    return () => {
      this.listeners.delete(listener);
      queueMicrotask(() => this.endUnused());
    };
  };

  private show(value: T | undefined): void {
    this.latest = value;
    for (const listener of this.listeners) listener(value);
  }

  private endUnused(): void {
    if (this.listeners.size > 0) return;
    this.subscription?.unsubscribe();
    this.subscription = null;
    // Without updates the value may become wrong.
    this.latest = undefined;
  }
}
