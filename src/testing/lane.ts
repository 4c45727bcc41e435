/** One place where code runs: a tab, a service worker, a server. It can be frozen, and it can die, between any two of its steps. */
import type { Cancel, ClockPort } from '../ports/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Epoch ms at the beginning of virtual time. */
export const VIRTUAL_EPOCH = Date.UTC(2026, 0, 1);

export class Lane {
  alive = true;
  frozen = false;
  private held: (() => void)[] = [];
  private readonly ends = new Set<() => void>();

  /** @param skewMs how far its wall clock is off, asked each time. */
  constructor(
    readonly time: VirtualTime,
    readonly name: string,
    private readonly skewMs: () => number = () => 0,
  ) {}

  /** Runs `fn` in a while, if this place still lives then; a frozen one runs it when it thaws. */
  later(ms: number, what: string, fn: () => void): Cancel {
    let off = false;
    const cancel = this.time.schedule(ms, `${this.name} ${what}`, () => this.run(() => void (off || fn())));
    return () => {
      off = true;
      cancel();
    };
  }

  /** As {@link later}, frozen or not: what the platform does, not its code. */
  below(ms: number, what: string, fn: () => void): Cancel {
    return this.time.schedule(ms, `${this.name} ${what}`, () => void (this.alive && fn()));
  }

  run(fn: () => void): void {
    if (!this.alive) return;
    if (this.frozen) this.held.push(fn);
    else fn();
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    // In the order in which it came.
    for (const [i, fn] of this.held.splice(0).entries()) this.later(i * 1e-6, 'thawed', fn);
  }

  /** Nothing of it happens any more. Whoever waits for it is told. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.held = [];
    for (const end of [...this.ends]) end();
    this.ends.clear();
  }

  onEnd(fn: () => void): Cancel {
    this.ends.add(fn);
    return () => void this.ends.delete(fn);
  }

  readonly clock: ClockPort = {
    wall: () => VIRTUAL_EPOCH + Math.floor(this.time.now + this.skewMs()),
    mono: () => this.time.now,
    timer: (ms, fn) => this.later(ms, 'timer', fn),
  };
}

/** What was thrown, as an error. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
