/** The store in memory, for devices that refuse to store and for tests. It passes the same test suite as the store over IndexedDB. */
import { StoreError } from '../errors.ts';
import type { KeyRange, StoreKey, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { TABLES } from '../log/tables.ts';

const rank = (part: unknown): number => (typeof part === 'number' ? 0 : typeof part === 'string' ? 1 : 2);

/** Compares keys in IndexedDB's order: numbers, strings, arrays. */
export const compareKeys = (a: StoreKey, b: StoreKey): number => {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'object' && typeof b === 'object') {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareKeys(a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
};

interface Row {
  readonly key: StoreKey;
  readonly record: unknown;
}
type Table = Map<string, Row>;

const nameOf = (key: StoreKey): string => JSON.stringify(key);
const within = (key: StoreKey, { from, upTo }: KeyRange): boolean => compareKeys(key, from) >= 0 && compareKeys(key, upTo) <= 0;

/** The data of a device in memory. Stores over the same disk see the same data, like tabs. */
export class MemoryDisk {
  readonly tables = new Map<TableName, Table>(TABLES.map((name) => [name, new Map()]));
  /** The end of the last transaction. One transaction runs after another, like overlapping ones in IndexedDB. */
  turn: Promise<unknown> = Promise.resolve();
}

export const createMemoryStore = (disk = new MemoryDisk(), durability: StorePort['durability'] = 'volatile'): StorePort => {
  let closed = false;

  const run = async <T>(mode: 'readonly' | 'readwrite', tables: readonly TableName[], body: (tx: StoreTx) => Promise<T>): Promise<T> => {
    const undo: (() => void)[] = [];
    const table = (name: TableName): Table => {
      if (!tables.includes(name))
        throw new StoreError('store/unavailable', `table ${name} is not among the tables of this transaction: ${tables.join(', ')}`);
      return disk.tables.get(name)!;
    };
    const writable = (name: TableName): Table => {
      if (mode === 'readonly') throw new StoreError('store/unavailable', 'a read-only transaction cannot write');
      return table(name);
    };
    const set = (name: TableName, id: string, row: Row | undefined): void => {
      const rows = writable(name);
      const before = rows.get(id);
      undo.push(() => void (before ? rows.set(id, before) : rows.delete(id)));
      if (row) rows.set(id, row);
      else rows.delete(id);
    };
    const rowsIn = (name: TableName, range: KeyRange): Row[] =>
      [...table(name).values()].filter(({ key }) => within(key, range)).sort((a, b) => compareKeys(a.key, b.key));
    const read = (row: Row | undefined): unknown => (row ? structuredClone(row.record) : undefined);
    const tx: StoreTx = {
      get: (name, key) => Promise.resolve(read(table(name).get(nameOf(key)))),
      getMany: (name, keys) => Promise.resolve(keys.map((key) => read(table(name).get(nameOf(key))))),
      range: (name, range) => Promise.resolve(rowsIn(name, range).map(read)),
      keys: (name, range) => Promise.resolve(rowsIn(name, range).map(({ key }) => key)),
      put: (name, key, record) => set(name, nameOf(key), { key, record: structuredClone(record) }),
      putMany: (name, keys, records) => keys.forEach((key, i) => tx.put(name, key, records[i])),
      delete: (name, key) => set(name, nameOf(key), undefined),
      clear: (name) => {
        for (const id of [...writable(name).keys()]) set(name, id, undefined);
      },
      deleteRange: (name, range) => {
        for (const [id, { key }] of writable(name)) if (within(key, range)) set(name, id, undefined);
      },
    };
    try {
      return await body(tx);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  };

  return {
    durability,
    reserveBytes: 0,
    tx(_name, tables, mode, _durability, body) {
      if (closed) return Promise.reject(new StoreError('store/closed', 'the store is closed'));
      const result = disk.turn.then(() => run(mode, tables, body));
      disk.turn = result.catch(() => undefined);
      return result;
    },
    room: () => Promise.resolve(null),
    close() {
      closed = true;
    },
  };
};
