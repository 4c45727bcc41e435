/** The databases of a device: which accounts it stores, for hosts that start without a page, and which of them wait for their wipe. */
import { type LogHeader, HEAD_KEY } from '../log/tables.ts';
import { databasePrefix } from '../model/storage-name.ts';

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
