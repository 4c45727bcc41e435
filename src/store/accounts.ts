/** Which accounts this device holds, for hosts that start without a page (the service worker), and what logging out left of them. */
import { databasePrefix } from '../model/storage-name.ts';
import type { Account, StorePort } from '../ports/ports.ts';
import { ACCOUNT_KEY, type LogHeader, HEAD_KEY, TABLES, wipeTables } from '../log/tables.ts';

/**
 * At every start, before anything is read: whose store this is. One that was logged out of and kept is entered again. Nothing is
 * written where nothing changes: a full device starts as well.
 *
 * @returns `unwiped` where the account was logged out of and the wipe is not finished: then nothing was written. `new` where there was
 * nothing yet.
 */
export const enterAccount = (store: StorePort, account: Account): Promise<'entered' | 'new' | 'unwiped'> =>
  store.tx('enter-account', ['meta'], 'readwrite', 'relaxed', async (tx) => {
    const header = (await tx.get('meta', HEAD_KEY)) as LogHeader | undefined;
    if (header?.ended === 'wiped') return 'unwiped';
    if (header?.ended) {
      const { ended: _, ...open } = header;
      tx.put('meta', HEAD_KEY, open satisfies LogHeader);
    }
    const known = (await tx.get('meta', ACCOUNT_KEY)) as Account | undefined;
    if (known?.userId !== account.userId || known.deviceId !== account.deviceId) tx.put('meta', ACCOUNT_KEY, account);
    return header ? 'entered' : 'new';
  });

export const readAccount = (store: StorePort): Promise<Account | undefined> =>
  store.tx('read-account', ['meta'], 'readonly', 'relaxed', async (tx) => (await tx.get('meta', ACCOUNT_KEY)) as Account | undefined);

/** What an interrupted log-out left to do. */
export const finishWipe = (store: StorePort): Promise<void> => store.tx('wipe', TABLES, 'readwrite', 'strict', wipeTables);

/** Databases of accounts on this server; none where the browser does not tell. */
export const accountDatabases = async (factory: IDBFactory, url: string): Promise<string[]> => {
  const all = 'databases' in factory ? await factory.databases() : [];
  return all.flatMap(({ name }) => (name?.startsWith(databasePrefix(url)) ? [name] : []));
};

/** Whether a database waits for its wipe. Never makes one, nor holds it open. */
export const isUnwiped = (factory: IDBFactory, name: string): Promise<boolean> =>
  new Promise((resolve) => {
    const opening = factory.open(name);
    // Gone since it was listed.
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onerror = opening.onblocked = () => resolve(false);
    opening.onsuccess = () => {
      const db = opening.result;
      const say = (unwiped: boolean): void => {
        resolve(unwiped);
        db.close();
      };
      db.onversionchange = () => db.close();
      try {
        const request = db.transaction('meta').objectStore('meta').get(HEAD_KEY);
        request.onsuccess = () => say((request.result as LogHeader | undefined)?.ended === 'wiped');
        request.onerror = () => say(false);
      } catch {
        say(false);
      }
    };
  });
