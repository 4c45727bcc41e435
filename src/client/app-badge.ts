/** The option `appBadge`: the page's part in the number on the app's icon. */
import { concatMap, filter, from, type Observable } from 'rxjs';
import { claimBadge, releaseBadge, showOnBadge } from '../platform/app-badge.ts';

/**
 * Takes the badge for this account and keeps it true, or gives it back should the account own it.
 *
 * @param total$ the account's total; null while it is not known: then what the badge shows stays.
 * @returns how to stop. The number stays, as the store does.
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
      // One after the other: the last number is the last that is shown.
      concatMap((total) => showOnBadge(account, total)),
    )
    .subscribe();
  return () => kept.unsubscribe();
};
