/** The option `appBadge`: the page shows the account's total on the app's icon. */
import { concatMap, filter, from, type Observable } from 'rxjs';
import { claimBadge, releaseBadge, showOnBadge } from '../platform/app-badge.ts';

/**
 * Claims the badge for this account and shows each new total, or releases the badge if the option is off.
 *
 * @param total$ the account's total; null while unknown: the old number then stays.
 * @returns a function to stop. The number stays, like the store.
 */
export const keepBadge = (account: string, isOn: boolean, total$: () => Observable<number | null>): (() => void) => {
  if (!isOn) {
    void releaseBadge(account);
    return () => undefined;
  }
  const kept = from(claimBadge(account))
    .pipe(
      concatMap(total$),
      filter((total) => total !== null),
      // One write after another: the newest number is written last.
      concatMap((total) => showOnBadge(account, total)),
    )
    .subscribe();
  return () => kept.unsubscribe();
};
