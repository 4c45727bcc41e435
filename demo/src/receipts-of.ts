/** What became of several messages at once: each is watched on its own, and only as long as it is in view. */
import { Observable, type Subscription } from 'rxjs';
import type { MessageId, MessageReceipts, ReceiptClient } from 'tidemark';

export type ReceiptsById = ReadonlyMap<MessageId, MessageReceipts>;

/** Begins with nothing known, then tells all that is known whenever one of them changes. */
export const watchReceiptsOf = (client: ReceiptClient, ids$: Observable<readonly MessageId[]>): Observable<ReceiptsById> =>
  new Observable((subscriber) => {
    const watched = new Map<MessageId, Subscription>();
    const known = new Map<MessageId, MessageReceipts>();
    const tell = (): void => subscriber.next(new Map(known));
    tell();
    const following = ids$.subscribe((ids) => {
      const wanted = new Set(ids);
      let forgotten = false;
      for (const [id, subscription] of watched) {
        if (wanted.has(id)) continue;
        subscription.unsubscribe();
        watched.delete(id);
        if (known.delete(id)) forgotten = true;
      }
      if (forgotten) tell();
      for (const id of wanted) {
        if (watched.has(id)) continue;
        const subscription = client.watchReceipts(id).subscribe((receipts) => {
          if (receipts) known.set(id, receipts);
          else known.delete(id);
          tell();
        });
        watched.set(id, subscription);
      }
    });
    return () => {
      following.unsubscribe();
      for (const subscription of watched.values()) subscription.unsubscribe();
    };
  });
