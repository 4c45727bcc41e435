/** The outbox of TanStack's offline transactions: each receipt is an action. */
import { createCollection, localOnlyCollectionOptions } from '@tanstack/db';
import { IndexedDBAdapter, startOfflineExecutor } from '@tanstack/offline-transactions';
import type { Target } from '../data/feed.ts';
import type { Contestant } from '../page/contestant.ts';

/** An action resolves when the server has the receipt, so the bench asks the store about the entry. */
class TellingStorage extends IndexedDBAdapter {
  readonly waiting = new Map<string, () => void>();

  override async set(key: string, value: string): Promise<void> {
    await super.set(key, value);
    const id = key.slice(key.indexOf(':') + 1);
    this.waiting.get(id)?.();
    this.waiting.delete(id);
  }
}

const storage = new TellingStorage();
const receipts = createCollection(localOnlyCollectionOptions<Target, string>({ id: 'receipts', getKey: ({ id }) => id }));
const executor = startOfflineExecutor({
  collections: { receipts },
  mutationFns: { send: () => Promise.reject(new Error('offline')) },
  storage,
  onlineDetector: { subscribe: () => () => undefined, notifyOnline: () => undefined, isOnline: () => false, dispose: () => undefined },
});
const queue = executor.createOfflineAction<Target>({ mutationFnName: 'send', onMutate: (target) => void receipts.insert(target) });

export const contestant: Contestant = {
  goOffline: async () => {
    await executor.waitForInit();
    if (!executor.isOfflineEnabled) throw new Error('TanStack stores nothing: it is online only');
  },
  queueReceipt: (target) =>
    new Promise((resolve) => {
      storage.waiting.set(queue(target).id, resolve);
    }),
};
