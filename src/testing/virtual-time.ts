/**
 * Time that passes only when told to: one heap of things to come, ordered by when and then by chance. A step takes the next one, runs
 * it, and lets every promise it settled be heard before the step is over.
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

/** Taken before anybody puts a virtual one in its place. */
const realImmediate = setImmediate;
const heard = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

export class VirtualTime {
  /** Ms since the beginning. */
  now = 0;
  steps = 0;
  /** Grows out of everything that happened: two runs of one seed end with the same. */
  trace = 2166136261;
  /** Told of every step and every note, for people to read. */
  onTrace: ((line: string) => void) | null = null;
  private readonly heap: Due[] = [];

  constructor(private readonly random: SeededRandom) {}

  schedule(ms: number, what: string, run: () => void): Cancel {
    const due: Due = { at: this.now + Math.max(0, ms), tie: this.random.u32(), what, run };
    this.push(due);
    return () => void (due.run = null);
  }

  /** Folds something that happened into the trace. */
  note(text: string): void {
    let hash = this.trace;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    this.trace = hash >>> 0;
    this.onTrace?.(`${this.steps} ${(this.now / 1000).toFixed(3)}s ${text}`);
  }

  /** When the next thing happens; `Infinity` for never. */
  get nextAt(): number {
    while (this.heap[0]?.run === null) this.pop();
    return this.heap[0]?.at ?? Infinity;
  }

  /** Lets every promise that is settled by now be heard, and time stand still. */
  heard(): Promise<void> {
    return heard();
  }

  /** @returns false where nothing is to come. */
  async step(): Promise<boolean> {
    if (this.nextAt === Infinity) return false;
    const due = this.pop()!;
    this.now = Math.max(this.now, due.at);
    this.steps++;
    this.note(due.what);
    due.run?.();
    await heard();
    return true;
  }

  /** Lets time pass. What is due at the very end happens too. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await heard();
    while (this.nextAt <= until) await this.step();
    this.now = until;
  }

  /** Steps until the promise settles. @throws what it rejects with; an `Error` where it did not settle in `withinMs`. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    const deadline = this.now + withinMs;
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    await heard();
    // Changed by the promise alone, which the compiler cannot see.
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
