/** The option `appBadge`: the page shows a total of the account on the app's icon. */
import type { TotalOf, Totals } from '../../model/conversation/total.ts';
import { concatMap, filter, from, type Observable } from 'rxjs';
import { claimBadge, releaseBadge, showOnBadge } from '../../platform/app-badge.ts';

/**
 * Claims the badge for this account and shows each new total, or releases the badge if the option is off.
 *
 * @param counts what the badge counts; null if the option is off.
 * @param totals$ the account's totals; null while unknown: the old number then stays.
 * @returns a function to stop. The number stays, like the store.
 */
export const keepBadge = (account: string, counts: TotalOf | null, totals$: () => Observable<Totals | null>): (() => void) => {
  if (!counts) {
    void releaseBadge(account);
    return () => undefined;
  }
  const kept = from(claimBadge(account, counts))
    .pipe(
      concatMap(totals$),
      filter((totals) => totals !== null),
      // One write after another: the newest number is written last.
      concatMap((totals) => showOnBadge(account, totals)),
    )
    .subscribe();
  return () => kept.unsubscribe();
};
