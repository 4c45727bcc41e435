/** RxDB's push replication over its free storage: a document for each receipt. */
import { createRxDatabase, type RxCollection } from 'rxdb/plugins/core';
import { replicateRxCollection } from 'rxdb/plugins/replication';
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie';
import type { Contestant } from '../contestant.ts';
import { isOnline, post, startPlain } from '../plain.ts';

interface Receipt {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
}

const text = { type: 'string', maxLength: 100 } as const;
const SCHEMA = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: { id: text, conversation: text, message: text },
  required: ['id', 'conversation', 'message'],
} as const;

let receipts: RxCollection<Receipt>;
let reSync: () => void;
let isReady = false;

export const contestant: Contestant = {
  start: async (server) => {
    startPlain(server);
    const db = await createRxDatabase({ name: 'compare', storage: getRxStorageDexie(), multiInstance: false });
    ({ receipts } = (await db.addCollections({ receipts: { schema: SCHEMA } })) as { receipts: RxCollection<Receipt> });
    const replication = replicateRxCollection({
      replicationIdentifier: 'receipts',
      collection: receipts,
      push: {
        handler: async (rows: readonly { readonly newDocumentState: Receipt }[]) => {
          await post(rows.map(({ newDocumentState: { conversation, message } }) => ({ conversation, messages: [message] })));
          return [];
        },
      },
    });
    reSync = () => replication.reSync();
    isReady = true;
  },
  isConnected: () => isOnline() && isReady,
  read: ({ conversation, id }) => receipts.insert({ id: `${conversation}/${id}`, conversation, message: id }),
  reconnected: () => reSync(),
};
