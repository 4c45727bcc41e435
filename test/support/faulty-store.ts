/**
 * A store that fails on purpose, by the name of a transaction. It repeats a body as a store over a real
 * database does when its connection is lost, with the first run undone or committed.
 */
import { StoreError } from '../../src/errors.ts';
import type { ClockPort, StorePort } from '../../src/ports/ports.ts';

export type StoreFault =
  /** Nothing is written, and the caller gets the error. */
  | { readonly kind: 'quota' | 'unavailable' }
  /** The first run of the body is undone, and the second counts. */
  | { readonly kind: 'cut-off' }
  /** The first run of the body was committed when the connection was lost, so the second run must find that. */
  | { readonly kind: 'cut-off-committed' }
  /** Nothing happens for this time. */
  | { readonly kind: 'stall'; readonly ms: number };

export interface Transaction {
  readonly name: string;
  readonly mode: 'readonly' | 'readwrite';
  readonly durability: 'strict' | 'relaxed';
}

class CutOff extends Error {}

/** @param strike called once for every transaction; the same answers make the same faults. */
export const faultyStore = (
  store: StorePort,
  clock: ClockPort,
  strike: (transaction: Transaction) => StoreFault | undefined,
): StorePort => ({
  durability: store.durability,
  close: () => store.close(),
  async tx(name, tables, mode, durability, body) {
    const fault = strike({ name, mode, durability });
    switch (fault?.kind) {
      case 'quota':
        throw new StoreError('store/quota-exceeded', `${name}: no room left`);
      case 'unavailable':
        throw new StoreError('store/unavailable', `${name}: the database does not answer`);
      case 'stall':
        await new Promise<void>((resolve) => void clock.timer(fault.ms, resolve));
        break;
      case 'cut-off':
        await store
          .tx(name, tables, mode, durability, async (tx) => {
            await body(tx);
            throw new CutOff();
          })
          .catch((error: unknown) => {
            if (!(error instanceof CutOff)) throw error;
          });
        break;
      case 'cut-off-committed':
        await store.tx(name, tables, mode, durability, body);
        break;
      case undefined:
        break;
    }
    return store.tx(name, tables, mode, durability, body);
  },
});

/** Random faults of these kinds, each with this likelihood. The same seed makes the same faults in the same order. */
export const chanceFaults = (seed: number, likelihood: number, kinds: readonly StoreFault[]): (() => StoreFault | undefined) => {
  let state = seed >>> 0;
  // The generator is mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (next() < likelihood ? kinds[Math.floor(next() * kinds.length)] : undefined);
};
