/**
 * Receipts in bare IndexedDB, in a worker. Each strict transaction stores one receipt, and reads and raises the version of the store: without
 * that version a tab does not notice that another tab has written since.
 */
import type { Target } from '../data/feed.ts';
import { committed, openDatabase, result } from '../page/idb.ts';

const VERSION = 'version';

let db: IDBDatabase;
let version = 0;

const open = async (): Promise<void> => {
  db = await openDatabase('raw-outbox-worker', (made) => {
    made.createObjectStore('receipts', { autoIncrement: true });
    made.createObjectStore('meta').put(0, VERSION);
  });
  version = await result<number>(db.transaction('meta').objectStore('meta').get(VERSION));
};

const put = async (target: Target): Promise<void> => {
  const tx = db.transaction(['receipts', 'meta'], 'readwrite', { durability: 'strict' });
  const stored = result<number>(tx.objectStore('meta').get(VERSION));
  tx.objectStore('receipts').put(target);
  tx.objectStore('meta').put(version + 1, VERSION);
  if ((await stored) !== version) throw new Error('another tab has written');
  await committed(tx);
  version++;
};

self.onmessage = async ({ data }: MessageEvent<Target | 'open'>) => {
  await (data === 'open' ? open() : put(data));
  postMessage(null);
};
