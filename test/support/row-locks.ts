/** Locks of rows, held until the end of a transaction and granted in the order of the requests. */
interface Waiting {
  readonly owner: object;
  readonly granted: () => void;
}

export class RowLocks {
  private readonly holders = new Map<string, object>();
  private readonly queues = new Map<string, Waiting[]>();
  private readonly waitsFor = new Map<object, string>();

  /** Takes a free lock at once. @returns false if another transaction holds it. */
  tryTake(owner: object, key: string): boolean {
    const holder = this.holders.get(key);
    if (holder === undefined) this.holders.set(key, owner);
    return holder === undefined || holder === owner;
  }

  /** Waits until the lock is free. @throws {Error} if the transactions would wait for each other. */
  async take(owner: object, key: string): Promise<void> {
    if (this.tryTake(owner, key)) return;
    for (let holder = this.holders.get(key); holder; holder = this.holders.get(this.waitsFor.get(holder) ?? ''))
      if (holder === owner) throw new Error(`40P01: a deadlock at ${key}`);
    this.waitsFor.set(owner, key);
    await new Promise<void>((granted) => {
      const queue = this.queues.get(key);
      if (queue) queue.push({ owner, granted });
      else this.queues.set(key, [{ owner, granted }]);
    });
  }

  /** Frees the locks of a transaction that has ended, and takes it out of the queues. */
  release(owner: object): void {
    this.waitsFor.delete(owner);
    for (const [key, queue] of this.queues)
      this.queues.set(
        key,
        queue.filter((one) => one.owner !== owner),
      );
    for (const [key, holder] of this.holders) if (holder === owner) this.pass(key);
  }

  private pass(key: string): void {
    this.holders.delete(key);
    const next = this.queues.get(key)?.shift();
    if (!next) return void this.queues.delete(key);
    this.holders.set(key, next.owner);
    this.waitsFor.delete(next.owner);
    next.granted();
  }
}
