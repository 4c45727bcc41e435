/**
 * What one push leads to on the screen: the app's notification, else a plain one. A browser that sees pushes without a notification takes
 * the subscription away: Safari does after three of them.
 */
import { browserClock } from '../platform/browser-ports.ts';
import { UsageError } from '../errors.ts';
import type { ServiceWorkerScope } from './options.ts';

/** By then something is shown, whatever still goes on. */
export const SHOWN_WITHIN_MS = 15_000;

export class Notice {
  private shown: Promise<void> | null = null;
  private readonly late: Promise<never>;
  /** Everything that follows from the push is done. */
  readonly close: () => void;

  /** @param userId whose push it is: plain notifications of an account replace one another. */
  constructor(
    private readonly scope: ServiceWorkerScope,
    private readonly userId: string,
    private readonly host: string,
  ) {
    let tellLate: (error: UsageError) => void = () => undefined;
    this.late = new Promise<never>((_, reject) => (tellLate = reject));
    this.late.catch(() => undefined);
    this.close = browserClock.timer(SHOWN_WITHIN_MS, () => {
      tellLate(new UsageError('usage/invalid-option', `notification gave no answer within ${SHOWN_WITHIN_MS / 1000} s of the push`));
      // Why it cannot be shown is told at the end of the push, which tries it once more.
      this.showPlain().catch(() => undefined);
    });
  }

  /** The app's answer. @throws {UsageError} once it comes too late to be shown. */
  inTime<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.late]);
  }

  /** Does nothing where something is shown already. Rejects where the browser refuses. */
  show(title: string, options: NotificationOptions): Promise<void> {
    this.shown ??= this.scope.registration.showNotification(title, options).catch((error: unknown) => {
      this.shown = null;
      throw error;
    });
    return this.shown;
  }

  /** Says nothing about any account or message. */
  showPlain(): Promise<void> {
    const { scope } = this.scope.registration;
    return this.show(scope ? new URL(scope).hostname : this.host, { tag: `tidemark:${this.userId}`, silent: true });
  }
}
