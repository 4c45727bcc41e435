/**
 * Virtual time, which passes only by calls of this class. A heap holds the coming events, ordered by time, and by
 * chance at equal times. A step runs the next event and then all reactions of settled promises.
 */
import type { Cancel } from '../ports/ports.ts';
import type { SeededRandom } from './random.ts';

interface Due {
  readonly at: number;
  readonly tie: number;
  readonly what: string;
  run: (() => void) | null;
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.tie < b.tie);

/** The real `setImmediate`, read before a test replaces the global one. */
const realImmediate = setImmediate;
const heard = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

/** The time of a world: passes only when a test says so. */
export class VirtualTime {
  /** Milliseconds since the beginning. */
  now = 0;
  /** The number of steps until now. */
  steps = 0;
  /** A hash of all events so far: two runs with the same seed end with the same hash. */
  trace = 2166136261;
  /** Called with every step and note, for people. */
  onTrace: ((line: string) => void) | null = null;
  /** Runs all reactions of settled promises. A test whose code also posts messages between real threads may replace it by a longer wait. */
  settle: () => Promise<void> = heard;
  private readonly heap: Due[] = [];

  constructor(private readonly random: SeededRandom) {}

  /** Runs `run` after this time. `what` is its name in traces. @returns cancels it. */
  schedule(ms: number, what: string, run: () => void): Cancel {
    const due: Due = { at: this.now + Math.max(0, ms), tie: this.random.u32(), what, run };
    this.push(due);
    return () => void (due.run = null);
  }

  /** Adds an event to the trace. */
  note(text: string): void {
    let hash = this.trace;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    this.trace = hash >>> 0;
    this.onTrace?.(`${this.steps} ${(this.now / 1000).toFixed(3)}s ${text}`);
  }

  /** The time of the next event; `Infinity` if there is none. */
  get nextAt(): number {
    while (this.heap[0]?.run === null) this.pop();
    return this.heap[0]?.at ?? Infinity;
  }

  /** Runs all reactions of settled promises, without passing time. */
  heard(): Promise<void> {
    return this.settle();
  }

  /** Runs the next event. @returns false if there is none. */
  async step(): Promise<boolean> {
    if (this.nextAt === Infinity) return false;
    const due = this.pop()!;
    this.now = Math.max(this.now, due.at);
    this.steps++;
    this.note(due.what);
    due.run?.();
    await this.settle();
    return true;
  }

  /** Lets time pass, and runs the events until then, including the last moment. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await this.settle();
    while (this.nextAt <= until) await this.step();
    this.now = until;
  }

  /** Steps until the promise settles. @throws the promise's error; an `Error` if the promise does not settle in `withinMs`. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    const deadline = this.now + withinMs;
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    await this.settle();
    // Only the promise's reaction changes `settled`. The compiler cannot see this.
    while (!(settled as boolean)) {
      if (this.nextAt > deadline) throw new Error(`not settled within ${withinMs} ms of virtual time`);
      await this.step();
    }
    return promise;
  }

  private push(due: Due): void {
    const { heap } = this;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  private pop(): Due | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
