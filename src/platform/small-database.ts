/** Small databases of one table, with bare IndexedDB: records that a page needs before its worker runs. */

const open = (name: string, make?: (db: IDBDatabase) => void): Promise<IDBDatabase | null> =>
  new Promise((resolve) => {
    try {
      // The version belongs to the creator: without one, an existing database opens as it is.
      const opening = make ? indexedDB.open(name, 1) : indexedDB.open(name);
      opening.onupgradeneeded = () => (make ? make(opening.result) : opening.transaction?.abort());
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
 * Runs `act` on the table in one transaction, so that no other tab changes a record in between.
 *
 * @param how `make` creates a missing database. Otherwise `act` is not called without a database.
 * @returns false if nothing was committed: the browser refuses, or the database is missing.
 */
export const inTable = async (
  name: string,
  table: string,
  how: 'look' | 'change' | 'make',
  act: (records: IDBObjectStore) => void,
): Promise<boolean> => {
  const db = await open(name, how === 'make' ? (made) => void made.createObjectStore(table) : undefined);
  if (!db) return false;
  const isCommitted = await new Promise<boolean>((resolve) => {
    try {
      const tx = db.transaction(table, how === 'look' ? 'readonly' : 'readwrite');
      tx.oncomplete = () => resolve(true);
      tx.onabort = () => resolve(false);
      act(tx.objectStore(table));
    } catch {
      resolve(false);
    }
  });
  db.close();
  return isCommitted;
};
