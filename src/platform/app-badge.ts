/**
 * The number on the installed app's icon. One account of the origin owns it, the last that turned it on, as one record says that pages and
 * service worker obey alike; what is shown is always that account's total as derived from its store, so no two of them disagree for long.
 */

/** Bare IndexedDB, as the first paint: the service worker reads it too. */
const DATABASE = 'tidemark-badge';
const TABLE = 'owner';
const KEY = 'account';

/** Not everywhere: absent in Firefox, in WebKit without a home screen, and in dedicated workers. */
const hasBadge = (): boolean => 'setAppBadge' in navigator;

/** @param make false: null where nobody ever turned a badge on here. */
const open = (make: boolean): Promise<IDBDatabase | null> =>
  new Promise((resolve) => {
    try {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => {
        if (make) opening.result.createObjectStore(TABLE);
        else opening.transaction?.abort();
      };
      // Storage is refused: then nobody owns the badge.
      opening.onerror = opening.onblocked = () => resolve(null);
      opening.onsuccess = () => {
        opening.result.onversionchange = () => opening.result.close();
        resolve(opening.result);
      };
    } catch {
      resolve(null);
    }
  });

/**
 * Looks who owns the badge, and acts inside that very transaction: whoever takes it over comes after.
 *
 * @param act may be told of the record's table, to change it.
 */
const asOwner = async (make: boolean, act: (owner: unknown, table: IDBObjectStore) => void): Promise<void> => {
  const db = await open(make);
  if (!db) return;
  await new Promise<void>((resolve) => {
    try {
      const tx = db.transaction(TABLE, 'readwrite');
      tx.oncomplete = tx.onabort = () => resolve();
      const table = tx.objectStore(TABLE);
      const request = table.get(KEY);
      request.onsuccess = () => act(request.result, table);
    } catch {
      resolve();
    }
  });
  db.close();
};

/** Refused where the app is not installed, say: nobody waits for it. */
const show = (total: number): void => {
  const done = total > 0 ? navigator.setAppBadge(total) : navigator.clearAppBadge();
  done.catch(() => undefined);
};

/** The badge is this account's from here on; what it shows stays until this account's total is known. */
export const claimBadge = (account: string): Promise<void> =>
  hasBadge() ? asOwner(true, (_, table) => void table.put(account, KEY)) : Promise.resolve();

/** Shows the account's total, if the badge is its own. */
export const showOnBadge = (account: string, total: number): Promise<void> =>
  hasBadge() ? asOwner(false, (owner) => void (owner === account && show(total))) : Promise.resolve();

/** Turned off or logged out: the account's number goes, and the badge is nobody's. That of another account is left alone. */
export const releaseBadge = (account: string): Promise<void> =>
  hasBadge()
    ? asOwner(false, (owner, table) => {
        if (owner !== account) return;
        table.delete(KEY);
        show(0);
      })
    : Promise.resolve();
