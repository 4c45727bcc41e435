/** IndexedDB in memory, with steps in virtual time: a database stands still while no time passes. */
import type { VirtualTime } from '../../src/testing/virtual-time.ts';

/** First in, first out, as within one database. The heap decides about the steps in between. */
const queue: (() => void)[] = [];
let time: VirtualTime | null = null;
let stepMs = 0;

/** fake-indexeddb takes each of its steps by the global `setImmediate`. */
const virtualImmediate = (fn: (...args: unknown[]) => void, ...args: unknown[]): void => {
  queue.push(() => fn(...args));
  time?.schedule(stepMs, 'idb', () => queue.shift()?.());
};

/**
 * Makes each step of fake-indexeddb a step of this time, and forgets the steps of earlier worlds.
 *
 * @param duration of a step, in milliseconds. fake-indexeddb waits for a blocked database step by step: with 0, no time would pass meanwhile.
 */
export const stepIdbIn = (virtualTime: VirtualTime, duration = 0.1): void => {
  queue.length = 0;
  time = virtualTime;
  stepMs = duration;
  Reflect.set(globalThis, 'setImmediate', virtualImmediate);
};
