/** The simulator's database, whose transactions run side by side. */
import type { MemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createInterleavingStore } from '../support/interleaving-store.ts';
import { describeServerStore } from './server-store.ts';

describeServerStore('memory, transactions side by side', {
  open: async () => createInterleavingStore(),
  startFromCopy: async (store) => createInterleavingStore({ from: (store as MemoryStore).dump() }),
});
