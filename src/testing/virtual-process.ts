/**
 * A simulated process runs code: a tab, a service worker, a server. Between any two steps, a test may freeze or
 * kill the process.
 */
import type { Cancel, ClockPort } from '../ports/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Epoch ms at the beginning of virtual time. */
export const VIRTUAL_EPOCH = Date.UTC(2026, 0, 1);

/** A process of a device, such as a tab: runs, freezes, thaws or dies. */
export class VirtualProcess {
  /** False after the end of the process. */
  alive = true;
  /** True while the process is frozen: its work waits. */
  frozen = false;
  private delayed: (() => void)[] = [];
  private readonly ends = new Set<() => void>();

  /** @param skewMs returns the error of the process's wall clock, in milliseconds. */
  constructor(
    /** The time of the world. */
    readonly time: VirtualTime,
    /** The name in traces. */
    readonly name: string,
    private readonly skewMs: () => number = () => 0,
  ) {}

  /** Runs `fn` after `ms` if the process is alive then. A frozen process runs `fn` when it thaws. */
  later(ms: number, what: string, fn: () => void): Cancel {
    let off = false;
    const cancel = this.time.schedule(ms, `${this.name} ${what}`, () => this.run(() => void (off || fn())));
    return () => {
      off = true;
      cancel();
    };
  }

  /** Runs `fn` like {@link later}, also on a frozen process: for work of the platform below the code. */
  below(ms: number, what: string, fn: () => void): Cancel {
    return this.time.schedule(ms, `${this.name} ${what}`, () => void (this.alive && fn()));
  }

  /** Runs `fn` now, at the thaw if the process is frozen, or never if it is dead. */
  run(fn: () => void): void {
    if (!this.alive) return;
    if (this.frozen) this.delayed.push(fn);
    else fn();
  }

  /** Freezes the process, as browsers do with hidden tabs. */
  freeze(): void {
    this.frozen = true;
  }

  /** Thaws the process: what arrived meanwhile runs now. */
  thaw(): void {
    this.frozen = false;
    // Run the delayed calls in the order of their arrival.
    for (const [i, fn] of this.delayed.splice(0).entries()) this.later(i * 1e-6, 'thawed', fn);
  }

  /** Ends the process: no further call runs. Calls the listeners of `onEnd`. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.delayed = [];
    for (const end of [...this.ends]) end();
    this.ends.clear();
  }

  /** Calls `fn` at the end of the process. @returns stops it. */
  onEnd(fn: () => void): Cancel {
    this.ends.add(fn);
    return () => void this.ends.delete(fn);
  }

  /** The clock of the process. */
  readonly clock: ClockPort = {
    wall: () => VIRTUAL_EPOCH + Math.floor(this.time.now + this.skewMs()),
    mono: () => this.time.now,
    timer: (ms, fn) => this.later(ms, 'timer', fn),
  };
}

/** Makes an `Error` of any thrown value. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
