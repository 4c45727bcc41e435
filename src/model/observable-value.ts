/** A value that is replaced now and then, with the listeners of its changes. */
export class ObservableValue<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set value(value: T) {
    this.current = value;
    for (const listener of this.listeners) listener(value);
  }

  /** Calls `listener` with the value, and with each later value. */
  listen(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }
}
