/** The storage of the second tier: the store over IndexedDB in memory. Each step of IndexedDB is a step of the virtual time. */
import type { StorePort, TableName } from '../../src/ports/ports.ts';
import { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { DiskOptions } from '../../src/testing/virtual-disk.ts';
import { stepIdbIn } from '../support/idb-in-world.ts';
import type { VirtualTime } from '../../src/testing/virtual-time.ts';

const { IDBFactory, IDBKeyRange } = await import('fake-indexeddb');
Object.assign(globalThis, { IDBKeyRange, indexedDB: new IDBFactory() });
const { openDiskStore } = await import('../../src/store/disk-store.ts');

/** Forgets the databases of earlier worlds. */
export const dexieStorage = (world: () => { readonly time: VirtualTime }): ((name: string) => DiskOptions) => {
  const factory = new IDBFactory();
  let isSet = false;
  const begin = (): void => {
    if (isSet) return;
    isSet = true;
    stepIdbIn(world().time, 0);
  };
  return (name) => ({
    open: (process): Promise<StorePort> => {
      begin();
      return openDiskStore(name, { clock: process.clock, factory });
    },
    replace: async (rows) => {
      const store = await openDiskStore(name, { clock: new VirtualProcess(world().time, `${name} repaired`).clock, factory });
      const tables: readonly TableName[] = [...rows.keys()];
      await store.tx('replace', tables, 'readwrite', 'strict', async (tx) => {
        for (const [table, held] of rows) {
          // The range covers all keys: numbers, texts and lists.
          tx.deleteRange(table, { from: -Number.MAX_SAFE_INTEGER, upTo: ['\uffff', Number.MAX_SAFE_INTEGER] });
          for (const { key, record } of held.values()) tx.put(table, key, record);
        }
      });
      store.close();
    },
    hasOwnSteps: true,
  });
};
