/** The second tier's storage: real Dexie over IndexedDB in memory, whose every step is one of the virtual time's. */
import type { StorePort, TableName } from '../../src/ports/ports.ts';
import { Lane } from '../../src/testing/lane.ts';
import type { DiskOptions } from '../../src/testing/virtual-disk.ts';
import type { VirtualTime } from '../../src/testing/virtual-time.ts';

// Dexie opens one by itself, to tell other tabs of what it wrote; nobody here listens, and it would keep the process up.
Reflect.deleteProperty(globalThis, 'BroadcastChannel');
const { IDBFactory, IDBKeyRange } = await import('fake-indexeddb');
Object.assign(globalThis, { IDBKeyRange, indexedDB: new IDBFactory() });
const { openDexieStore } = await import('../../src/store/dexie-store.ts');

/** First in, first out, as within one database; what runs between them is the heap's to say. */
const queue: (() => void)[] = [];
let time: VirtualTime | null = null;

const virtualImmediate = (fn: (...args: unknown[]) => void, ...args: unknown[]): void => {
  queue.push(() => fn(...args));
  time?.schedule(0, 'idb', () => queue.shift()?.());
};

/** Everything of the worlds before is forgotten. */
export const dexieStorage = (world: () => { readonly time: VirtualTime }): ((name: string) => DiskOptions) => {
  queue.length = 0;
  const factory = new IDBFactory();
  let isSet = false;
  const begin = (): void => {
    if (isSet) return;
    isSet = true;
    time = world().time;
    Reflect.set(globalThis, 'setImmediate', virtualImmediate);
  };
  return (name) => ({
    open: (lane): Promise<StorePort> => {
      begin();
      return openDexieStore(name, { clock: lane.clock, factory });
    },
    replace: async (rows) => {
      const store = await openDexieStore(name, { clock: new Lane(world().time, `${name} repaired`).clock, factory });
      const tables: readonly TableName[] = [...rows.keys()];
      await store.tx('replace', tables, 'readwrite', 'strict', async (tx) => {
        for (const [table, held] of rows) {
          // Whatever a key is: a number, a text, a list.
          tx.deleteRange(table, { from: -Number.MAX_SAFE_INTEGER, upTo: ['\uffff', Number.MAX_SAFE_INTEGER] });
          for (const { key, record } of held.values()) tx.put(table, key, record);
        }
      });
      store.close();
    },
    hasOwnSteps: true,
  });
};
