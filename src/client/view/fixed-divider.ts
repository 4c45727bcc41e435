/** The place of the divider "new messages" in an open conversation: the first unread message of the moment when the view was opened. */
import { filter, type Observable, ReplaySubject, type Subscription, take } from 'rxjs';
import type { MessageId, Seq } from '../../model/ids.ts';
import type { FirstUnread } from '../../model/unread.ts';

export class FixedDivider {
  private readonly subject = new ReplaySubject<FirstUnread | null>(1);
  private naming: Subscription | null = null;
  /** Emits nothing before the place is fixed. Replays the place, and completes when the view is closed. */
  readonly firstUnread: Observable<FirstUnread | null> = this.subject.asObservable();

  /** @param idOf the id of the message with this `seq`: null until this device stores it. */
  constructor(private readonly idOf: (seq: Seq) => Observable<MessageId | null>) {}

  /** Fixes the place. Only the id is added later, when this device stores the message. */
  fix(first: FirstUnread | null): void {
    this.subject.next(first);
    if (first?.messageId !== null) return;
    this.naming = this.idOf(first.seq)
      .pipe(
        filter((messageId) => messageId !== null),
        take(1),
      )
      .subscribe((messageId) => this.subject.next({ ...first, messageId }));
  }

  close(): void {
    this.naming?.unsubscribe();
    this.subject.complete();
  }
}
