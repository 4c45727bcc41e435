/** The databases on this device: the stored accounts, for hosts without a page (the service worker), and the databases that wait for a wipe. */
import { type LogHeader, LOG_HEADER_KEY } from '../log/tables.ts';
import { databasePrefix } from '../model/storage-name.ts';

/** The databases of accounts on this server. Empty in browsers that do not list databases. */
export const accountDatabases = async (factory: IDBFactory, url: string): Promise<string[]> => {
  const all = 'databases' in factory ? await factory.databases() : [];
  return all.flatMap(({ name }) => (name?.startsWith(databasePrefix(url)) ? [name] : []));
};

/** True if a database waits for its wipe. Never creates the database and never keeps it open. */
export const isUnwiped = (factory: IDBFactory, name: string): Promise<boolean> =>
  new Promise((resolve) => {
    const opening = factory.open(name);
    // The database was deleted after the listing.
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
        const request = db.transaction('meta').objectStore('meta').get(LOG_HEADER_KEY);
        request.onsuccess = () => say((request.result as LogHeader | undefined)?.ended === 'wiped');
        request.onerror = () => say(false);
      } catch {
        say(false);
      }
    };
  });
