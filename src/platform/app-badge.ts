/**
 * The number on the installed app's icon. One account of the origin owns the badge: the last account that turned the
 * badge on. A record names the owner and what the owner's badge counts, and pages and service worker obey the record.
 * Each of them shows the owner's total as derived from the store, so two of them never differ for long.
 */
import { inTable } from './small-database.ts';
import { pickTotal, type TotalOf, type Totals } from '../model/conversation/total.ts';

/** A small database of its own, read by the service worker too. */
const DATABASE = 'tidemark-badge';
const TABLE = 'owner';
const KEY = 'account';

/** The record. */
interface Owner {
  readonly account: string;
  readonly counts: TotalOf;
}

/** The Badging API is absent in Firefox, in WebKit without a home screen, and in dedicated workers. */
const hasBadge = (): boolean => 'setAppBadge' in navigator;

/**
 * Reads the badge's owner and calls `act` in the same transaction, so that no other account takes the badge over in
 * between.
 *
 * @param make false: nothing happens if no account ever turned a badge on.
 * @param act receives the owner and the record's table.
 */
const asOwner = async (make: boolean, act: (owner: Owner | undefined, table: IDBObjectStore) => void): Promise<void> => {
  await inTable(DATABASE, TABLE, make ? 'make' : 'change', (table) => {
    const request = table.get(KEY);
    request.onsuccess = () => act(request.result as Owner | undefined, table);
  });
};

/** The browser may refuse, for example if the app is not installed. The result does not matter. */
const show = (total: number): void => {
  const done = total > 0 ? navigator.setAppBadge(total) : navigator.clearAppBadge();
  done.catch(() => undefined);
};

/** Makes the account the badge's owner. The old number stays until this account's totals are known. */
export const claimBadge = (account: string, counts: TotalOf): Promise<void> =>
  hasBadge() ? asOwner(true, (_, table) => void table.put({ account, counts } satisfies Owner, KEY)) : Promise.resolve();

/** Shows the total that the account's badge counts, if the account owns the badge. null: the account shows no number. */
export const showOnBadge = (account: string, totals: Totals | null): Promise<void> =>
  hasBadge()
    ? asOwner(false, (owner) => {
        if (owner?.account === account) show(totals ? pickTotal(totals, { of: owner.counts }) : 0);
      })
    : Promise.resolve();

/** Gives the badge back, after the option was turned off or the user logged out. The badge of another account stays. */
export const releaseBadge = (account: string): Promise<void> =>
  hasBadge()
    ? asOwner(false, (owner, table) => {
        if (owner?.account !== account) return;
        table.delete(KEY);
        show(0);
      })
    : Promise.resolve();
