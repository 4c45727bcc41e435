/** The place of the divider "new messages" in an open conversation: the first unread message of the moment when the view was opened. */
import { filter, type Observable, ReplaySubject, type Subscription, take } from 'rxjs';
import type { MessageId, Seq } from '../../model/ids.ts';
import type { FirstUnread } from '../../model/conversation/unread.ts';

export interface FixedDivider {
  /** Emits nothing before the place is fixed. Replays the place, and completes when the view is closed. */
  readonly firstUnread: Observable<FirstUnread | null>;
  /** Fixes the place. Only the id is added later, when this device stores the message. */
  fix(first: FirstUnread | null): void;
  close(): void;
}

/** @param idOf the id of the message with this `seq`: null until this device stores it. */
export const fixedDivider = (idOf: (seq: Seq) => Observable<MessageId | null>): FixedDivider => {
  const place = new ReplaySubject<FirstUnread | null>(1);
  let naming: Subscription | undefined;
  return {
    firstUnread: place.asObservable(),
    fix(first) {
      place.next(first);
      if (first?.messageId !== null) return;
      naming = idOf(first.seq)
        .pipe(
          filter((messageId) => messageId !== null),
          take(1),
        )
        .subscribe((messageId) => place.next({ ...first, messageId }));
    },
    close() {
      naming?.unsubscribe();
      place.complete();
    },
  };
};
