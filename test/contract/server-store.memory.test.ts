import { createMemoryStore, type MemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { describeServerStore } from './server-store.ts';

describeServerStore('memory', {
  open: async () => createMemoryStore(),
  startFromCopy: async (store) => createMemoryStore({ from: (store as MemoryStore).dump() }),
});
