/** The ports of an engine alone: no time passes, no other tab gets its hints, and ids count up. */
import type { StorePort } from '../../src/ports/ports.ts';

let ids = 0;

export const quietPorts = (store: StorePort) => ({
  store,
  // The clock is years behind, because no rule may depend on the device's clock.
  clock: { wall: () => 1000, mono: () => 0, timer: () => () => undefined },
  random: { next: () => 0.5, id: () => `id-${++ids}` },
  bus: { post: () => undefined, listen: () => () => undefined },
  fault: () => undefined,
  log: () => undefined,
});
