/**
 * The streams in use: the same call returns the same Observable, so a component may compare streams. A stream without
 * any reference in the app is forgotten.
 */
import type { Observable } from 'rxjs';

export class SharedStreams {
  private readonly streams = new Map<string, WeakRef<Observable<unknown>>>();
  private readonly dropped = new FinalizationRegistry<string>((key) => {
    // The app may hold a younger stream of the same call.
    if (!this.streams.get(key)?.deref()) this.streams.delete(key);
  });

  /** @param key names a stream of one type. */
  get<T>(key: string, make: () => Observable<T>): Observable<T> {
    const known = this.streams.get(key)?.deref();
    if (known) return known as Observable<T>;
    const made = make();
    this.streams.set(key, new WeakRef(made));
    this.dropped.register(made, key);
    return made;
  }
}
