/**
 * Chooses the messages whose receipts a chat shows, and asks the server for the receipts that it does not
 * send by itself.
 */
import { combineLatest, distinctUntilChanged, EMPTY, filter, map, type Observable, type Subscription, switchMap } from 'rxjs';
import type { Message, MessageId, ReceiptClient } from 'tidemark';
import { lastOwnOf } from './bubbles.ts';
import { rules$ } from './rules.ts';

const asks = ({ receiptRequested, recalled }: Message): boolean => receiptRequested && !recalled;

/** The messages of a direct chat: the newest own message, which stands for the earlier ones. */
export const lastOwnIds = ({ userId }: ReceiptClient, messages$: Observable<readonly Message[]>): Observable<readonly MessageId[]> =>
  messages$.pipe(map((messages) => [lastOwnOf(messages, userId)].flatMap((message) => (message ? [message.id] : []))));

/**
 * The messages of a group: own messages that ask for receipts, and if members see counts, all messages that
 * ask.
 */
export const countedIds = ({ userId }: ReceiptClient, messages$: Observable<readonly Message[]>): Observable<readonly MessageId[]> =>
  combineLatest([messages$, rules$]).pipe(
    map(([messages, { visibleTo }]) =>
      messages.filter((message) => asks(message) && (message.senderId === userId || visibleTo === 'members')).map(({ id }) => id),
    ),
  );

/**
 * Asks for the counts of other people's messages when members may see them. Afterwards the server sends the
 * changes. It does not send the counts from the time before the members were allowed to see them.
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
      // If the server does not answer, the known counts stay, and the next message asks again.
      switchMap((ids) => client.fetchReceipts(ids).catch(() => [])),
    )
    .subscribe();
};
