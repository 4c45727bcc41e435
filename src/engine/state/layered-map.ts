/**
 * A map laid over another map. It shows the entries of the map below with its own changes, in the order that the map below would have
 * with these changes. It changes the map below only when it settles.
 *
 *   below      a b c
 *   own          B   d     ──▶ shown: B c d
 *   removed    a
 *
 * Values of the map below must not be changed in place, except the copies that `get` returns when there is a `copy` function.
 */
export class LayeredMap<K, V extends object | number> extends Map<K, V> {
  private removed: Set<K> | null = null;

  /** @param copy makes the own copy of a value when `get` returns the value for the first time. */
  constructor(
    private readonly below: Map<K, V>,
    private readonly copy?: (value: V) => V,
  ) {
    super();
  }

  /**
   * Moves the changes into the map below. This map then shows no change of its own.
   *
   * @param join takes a changed value into the value below; default: the changed value replaces it.
   */
  settle(join?: (below: V, own: V) => void): void {
    for (const key of this.removed ?? []) this.below.delete(key);
    this.removed = null;
    super.forEach((own, key) => {
      const value = join && this.below.get(key);
      if (value === undefined) this.below.set(key, own);
      else join!(value, own);
    });
    super.clear();
  }

  private showsBelow(key: K): boolean {
    return this.below.has(key) && this.removed?.has(key) !== true;
  }

  override get size(): number {
    let count = this.below.size - (this.removed?.size ?? 0);
    for (const key of super.keys()) if (!this.showsBelow(key)) count++;
    return count;
  }

  override has(key: K): boolean {
    return super.has(key) || this.showsBelow(key);
  }

  override get(key: K): V | undefined {
    const own = super.get(key);
    if (own !== undefined || this.removed?.has(key)) return own;
    const value = this.below.get(key);
    if (value === undefined || !this.copy) return value;
    const copy = this.copy(value);
    super.set(key, copy);
    return copy;
  }

  override delete(key: K): boolean {
    const isOwn = super.delete(key);
    if (!this.showsBelow(key)) return isOwn;
    (this.removed ??= new Set()).add(key);
    return true;
  }

  override clear(): void {
    super.clear();
    this.removed = new Set(this.below.keys());
  }

  override *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.below) if (!this.removed?.has(key)) yield [key, super.get(key) ?? value];
    for (const [key, value] of super.entries()) if (!this.showsBelow(key)) yield [key, value];
  }

  override *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  /** A list, unlike {@link entries}: every write transaction iterates over all conversations, and a list takes half the time of a generator. */
  override values(): MapIterator<V> {
    const values: V[] = [];
    this.below.forEach((value, key) => {
      if (!this.removed?.has(key)) values.push(super.get(key) ?? value);
    });
    super.forEach((value, key) => {
      if (!this.showsBelow(key)) values.push(value);
    });
    return values.values();
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  override forEach(fn: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this.entries()) fn(value, key, this);
  }
}
