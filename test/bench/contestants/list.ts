/** The contestants, and the workloads of each contestant. */
export interface Entry {
  readonly id: string;
  readonly label: string;
  /** The facts about the contestant that a comparison needs. */
  readonly note: string;
  readonly workloads: readonly string[];
  /** The largest store that the bench fills in bearable time. Default: any. */
  readonly most?: number;
  readonly isOurs?: true;
  /** The receipts of this contestant are for stored messages, and its messages come from the server. */
  readonly hasServer?: true;
}

const STORES = ['W1', 'W2', 'W3', 'W6', 'W7'];
/** RxDB answers a count from memory until the next write, which W2 measures. */
const RXDB = ['W1', 'W2', 'W3', 'W7'];

export const CONTESTANTS: readonly Entry[] = [
  {
    id: 'tidemark',
    label: 'Tidemark',
    note: 'the public client, against its server on loopback: network, decoding and checks included',
    workloads: [...STORES, 'W4', 'W4s', 'W7b', 'W8'],
    isOurs: true,
    hasServer: true,
  },
  {
    id: 'tidemark-engine',
    label: 'Tidemark engine',
    note: 'the engine and its views in a worker, fed with frames: no network, like the other stores',
    workloads: ['W1'],
    isOurs: true,
  },
  { id: 'raw-rows', label: 'raw rows', note: 'IndexedDB alone in a worker, a row a message', workloads: [...STORES, 'W7b'] },
  {
    id: 'raw-pages',
    label: 'raw at its best',
    note: 'IndexedDB alone in a worker: a journal, then pages of 128 messages; a prototype',
    workloads: [...STORES, 'W7b', 'W8'],
  },
  {
    id: 'dexie-worker',
    label: 'Dexie in a worker',
    note: 'rows with two indexes, counters kept as rows',
    workloads: [...STORES, 'W7b', 'W8'],
  },
  {
    id: 'dexie-live',
    label: 'Dexie liveQuery',
    note: 'on the page, count() for each number shown',
    workloads: [...STORES, 'W7b'],
    most: 100_000,
  },
  {
    id: 'rxdb',
    label: 'RxDB',
    note: 'on the page, free storage over Dexie, count().$',
    workloads: [...RXDB, 'W4', 'W4s', 'W7b'],
    most: 100_000,
  },
  { id: 'raw-strict', label: 'raw, strict', note: 'a strict transaction for each receipt', workloads: ['W4', 'W4s'] },
  {
    id: 'raw-worker',
    label: 'raw, in a worker',
    note: 'the same in a worker, with the version by which tabs notice each other’s writes',
    workloads: ['W4s'],
  },
  { id: 'raw-grouped', label: 'raw at its best', note: 'group commit, strict', workloads: ['W4', 'W4s'] },
  { id: 'dexie-outbox', label: 'Dexie table', note: 'add(), strict', workloads: ['W4', 'W4s'] },
  { id: 'workbox', label: 'workbox Queue', note: 'pushRequest(), relaxed: the library has no strict', workloads: ['W4', 'W4s'] },
  { id: 'tanstack', label: 'TanStack offline', note: 'offline-transactions, an action each, relaxed', workloads: ['W4', 'W4s'] },
  { id: 'stream-tidemark', label: 'Tidemark streams', note: "Tidemark's bridge", workloads: ['W5'], isOurs: true },
  { id: 'stream-comlink-awaited', label: 'Comlink, awaited', note: 'a proxied callback, each call awaited', workloads: ['W5'] },
  { id: 'stream-comlink', label: 'Comlink', note: 'a proxied callback, not awaited', workloads: ['W5'] },
  { id: 'stream-messages', label: 'a message each', note: 'MessagePort', workloads: ['W5'] },
  { id: 'stream-arrays', label: 'arrays of 1,000', note: 'MessagePort', workloads: ['W5'] },
  { id: 'stream-conflated', label: 'conflated, 16 ms', note: 'MessagePort, newest value of each', workloads: ['W5'] },
];

export const entryOf = (id: string): Entry => {
  const entry = CONTESTANTS.find((one) => one.id === id);
  if (!entry) throw new Error(`no such contestant: ${id}; there are ${CONTESTANTS.map((one) => one.id).join(', ')}`);
  return entry;
};
