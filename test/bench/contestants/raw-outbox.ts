/** Receipts in bare IndexedDB: a strict transaction for each, on the page or in a worker, and the same with group commit. */
import type { Target } from '../data/feed.ts';
import type { Contestant } from '../page/contestant.ts';
import { committed, openDatabase } from '../page/idb.ts';

let db: IDBDatabase;

const goOffline = async (): Promise<void> => {
  db = await openDatabase('raw-outbox', (made) => void made.createObjectStore('receipts', { autoIncrement: true }));
};

const put = async (targets: readonly Target[]): Promise<void> => {
  const tx = db.transaction('receipts', 'readwrite', { durability: 'strict' });
  for (const target of targets) tx.objectStore('receipts').put(target);
  await committed(tx);
};

export const oneByOne: Contestant = { goOffline, queueReceipt: (target) => put([target]) };

let waiting: Target[] = [];
let next: Promise<void> | undefined;
let flying = Promise.resolve();

/** Entries that arrive during a commit share the next transaction. */
export const grouped: Contestant = {
  goOffline,
  queueReceipt: (target) => {
    waiting.push(target);
    next ??= flying.then(() => {
      const group = waiting;
      waiting = [];
      next = undefined;
      return (flying = put(group));
    });
    return next;
  },
};

let worker: Worker;

/** One message to the worker at a time: for a single caller. */
const ask = (message: Target | 'open'): Promise<unknown> =>
  new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage(message);
  });

export const inWorker: Contestant = {
  goOffline: async () => {
    worker = new Worker(new URL('./raw-outbox-worker.ts', import.meta.url), { type: 'module' });
    await ask('open');
  },
  queueReceipt: async (target) => void (await ask(target)),
};
