/** Watches the receipts of several messages, each only while it is in view. */
import { Observable, type Subscription } from 'rxjs';
import type { MessageId, MessageReceipts, ReceiptClient } from 'tidemark';

export type ReceiptsById = ReadonlyMap<MessageId, MessageReceipts>;

/** Emits an empty map first, and then all known receipts whenever one of them changes. */
export const watchReceiptsOf = (client: ReceiptClient, ids$: Observable<readonly MessageId[]>): Observable<ReceiptsById> =>
  new Observable((subscriber) => {
    const watched = new Map<MessageId, Subscription>();
    const known = new Map<MessageId, MessageReceipts>();
    const emit = (): void => subscriber.next(new Map(known));
    emit();
    const following = ids$.subscribe((ids) => {
      const wanted = new Set(ids);
      let forgotten = false;
      for (const [id, subscription] of watched) {
        if (wanted.has(id)) continue;
        subscription.unsubscribe();
        watched.delete(id);
        if (known.delete(id)) forgotten = true;
      }
      if (forgotten) emit();
      for (const id of wanted) {
        if (watched.has(id)) continue;
        const subscription = client.watchReceipts(id).subscribe((receipts) => {
          if (receipts) known.set(id, receipts);
          else known.delete(id);
          emit();
        });
        watched.set(id, subscription);
      }
    });
    return () => {
      following.unsubscribe();
      for (const subscription of watched.values()) subscription.unsubscribe();
    };
  });
