/** Receipts in a Dexie table, each added with strict durability. */
import { Dexie, type Table } from 'dexie';
import type { Target } from '../data/feed.ts';
import type { Contestant } from '../page/contestant.ts';

const db = new Dexie('dexie-outbox', { chromeTransactionDurability: 'strict' });
db.version(1).stores({ receipts: '++number' });
const receipts: Table<Target, number> = db.table('receipts');

export const contestant: Contestant = {
  goOffline: async () => void (await db.open()),
  queueReceipt: async (target) => void (await receipts.add(target)),
};
