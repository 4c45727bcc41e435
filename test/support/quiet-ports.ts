/** The ports of an engine that is alone in the world: no time passes, nobody hears it, ids count up. */
import type { StorePort } from '../../src/ports/ports.ts';

let ids = 0;

export const quietPorts = (store: StorePort) => ({
  store,
  // Years behind: a clock of the device decides nothing.
  clock: { wall: () => 1000, mono: () => 0, timer: () => () => undefined },
  random: { next: () => 0.5, id: () => `id-${++ids}` },
  bus: { post: () => undefined, listen: () => () => undefined },
  fault: () => undefined,
  log: () => undefined,
});
