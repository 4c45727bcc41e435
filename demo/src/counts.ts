/** Of which messages a chat shows what became of them, and where it has to ask for that itself. */
import { combineLatest, distinctUntilChanged, EMPTY, filter, map, type Observable, type Subscription, switchMap } from 'rxjs';
import type { Message, MessageId, ReceiptClient } from 'tidemark';
import { lastOwnOf } from './bubbles.ts';
import { rules$ } from './rules.ts';

const asks = ({ receiptRequested, recalled }: Message): boolean => receiptRequested && !recalled;

/** Of a direct chat: the newest own message stands for those before it. */
export const lastOwnIds = ({ userId }: ReceiptClient, messages$: Observable<readonly Message[]>): Observable<readonly MessageId[]> =>
  messages$.pipe(map((messages) => [lastOwnOf(messages, userId)].flatMap((message) => (message ? [message.id] : []))));

/** Of a group: own messages that asked; where members see counts too, all that asked. */
export const countedIds = ({ userId }: ReceiptClient, messages$: Observable<readonly Message[]>): Observable<readonly MessageId[]> =>
  combineLatest([messages$, rules$]).pipe(
    map(([messages, { visibleTo }]) =>
      messages.filter((message) => asks(message) && (message.senderId === userId || visibleTo === 'members')).map(({ id }) => id),
    ),
  );

/**
 * Asks for the counts of others' messages once members may see them. From then on what changes comes by itself, but no device is told
 * afterwards what it was not allowed to know before.
 */
export const askForCounts = (client: ReceiptClient, messages$: Observable<readonly Message[]>): Subscription => {
  const othersIds$ = combineLatest([messages$, client.watchConnection()]).pipe(
    filter(([, { state }]) => state === 'live'),
    map(([messages]) => messages.filter((message) => asks(message) && message.senderId !== client.userId).map(({ id }) => id)),
    filter((ids) => ids.length > 0),
    distinctUntilChanged((a, b) => a.join('\n') === b.join('\n')),
  );
  return rules$
    .pipe(
      switchMap(({ visibleTo }) => (visibleTo === 'members' ? othersIds$ : EMPTY)),
      // Where it cannot be asked now, what is known stays; the next message asks again.
      switchMap((ids) => client.fetchReceipts(ids).catch(() => [])),
    )
    .subscribe();
};
