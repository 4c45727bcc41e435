/** TanStack's offline transactions: each receipt is a transaction. */
import { createCollection, localOnlyCollectionOptions } from '@tanstack/db';
import { IndexedDBAdapter, type OfflineExecutor, startOfflineExecutor } from '@tanstack/offline-transactions';
import type { Contestant, Read } from '../contestant.ts';
import { isOnline, post, startPlain } from '../plain.ts';

interface Row extends Read {
  readonly key: string;
}

/** The action resolves when the server has the receipt: the page asks the store about the entry. */
class TellingStorage extends IndexedDBAdapter {
  readonly stored = new Map<string, () => void>();

  override async set(key: string, value: string): Promise<void> {
    await super.set(key, value);
    this.stored.get(key.slice(key.indexOf(':') + 1))?.();
  }
}

const storage = new TellingStorage();
const receipts = createCollection(localOnlyCollectionOptions<Row, string>({ id: 'receipts', getKey: ({ key }) => key }));
let executor: OfflineExecutor;
let queue: (row: Row) => { readonly id: string };
let isReady = false;

export const contestant: Contestant = {
  start: async (server) => {
    startPlain(server);
    executor = startOfflineExecutor({
      collections: { receipts },
      mutationFns: {
        send: ({ transaction }: { transaction: { mutations: readonly { modified: Row }[] } }) =>
          post(transaction.mutations.map(({ modified: { conversation, id } }) => ({ conversation, messages: [id] }))),
      },
      storage,
    });
    queue = executor.createOfflineAction<Row>({ mutationFnName: 'send', onMutate: (row) => void receipts.insert(row) });
    await executor.waitForInit();
    isReady = true;
  },
  isConnected: () => isReady && isOnline(),
  read: (read) =>
    new Promise<void>((resolve) => {
      storage.stored.set(queue({ ...read, key: `${read.conversation}/${read.id}` }).id, resolve);
    }),
};
