/**
 * The notification of a push: the app's notification, or else a plain notification. Browsers end a subscription after pushes without
 * notifications: Safari after three of them.
 */
import { UsageError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { plainTag } from '../model/notification-tag.ts';
import type { LoggedSyncOptions, ServiceWorkerScope } from './options.ts';

/** The time after a push by which a notification is shown in any case. */
export const SHOWN_WITHIN_MS = 15_000;

export class Notice {
  private shown: Promise<void> | null = null;
  private readonly scope: ServiceWorkerScope;
  private readonly late: Promise<never>;
  /** Ends the timer, after all work of the push is done. */
  readonly close: () => void;

  /**
   * @param userId the account of the push: a new plain notification replaces the account's old one.
   * @param navigate the address of a declarative push. Safari demands an address of each notification that replaces it.
   */
  constructor(
    { scope, taskPorts }: Pick<LoggedSyncOptions, 'scope' | 'taskPorts'>,
    private readonly userId: UserId | null,
    private readonly host: string,
    private readonly navigate?: string,
  ) {
    let tellLate: (error: UsageError) => void = () => undefined;
    this.late = new Promise<never>((_, reject) => (tellLate = reject));
    this.late.catch(() => undefined);
    this.scope = scope;
    this.close = taskPorts.clock.timer(SHOWN_WITHIN_MS, () => {
      tellLate(
        new UsageError(
          'usage/invalid-option',
          `the option notification did not answer within ${SHOWN_WITHIN_MS / 1000} s of the push: answer sooner, or return null`,
        ),
      );
      // The end of the push tries the plain notification once more, and reports a failure then.
      this.showPlain().catch(() => undefined);
    });
  }

  /** Waits for the app's answer. @throws {UsageError} if the answer comes too late to be shown. */
  inTime<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.late]);
  }

  /** Shows a notification, unless this push has shown one already. Rejects if the browser refuses. */
  show(title: string, options: NotificationOptions): Promise<void> {
    const whole = this.navigate === undefined ? options : { navigate: this.navigate, ...options };
    this.shown ??= this.scope.registration.showNotification(title, whole).catch((error: unknown) => {
      this.shown = null;
      throw error;
    });
    return this.shown;
  }

  /** Shows a plain notification, without any text about an account or message. */
  showPlain(): Promise<void> {
    const { scope } = this.scope.registration;
    return this.show(scope ? new URL(scope).hostname : this.host, { tag: plainTag(this.userId), silent: true });
  }
}
