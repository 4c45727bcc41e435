/** What to show before the worker is there: one record, read with bare IndexedDB while the worker boots. */
import type { FirstPaint } from '../model/conversation.ts';

/** Where the worker's store keeps it. A test holds these equal to the store's own names. */
export const PAINT_TABLE = 'meta';
export const PAINT_KEY = 'paint';

/** @returns null where there is nothing yet, or nothing to read it from. Never creates or upgrades the database. */
export const readFirstPaint = (databaseName: string): Promise<FirstPaint | null> =>
  new Promise((resolve) => {
    try {
      const opening = indexedDB.open(databaseName);
      // Not there yet: making it is the worker's task.
      opening.onupgradeneeded = () => opening.transaction?.abort();
      opening.onerror = opening.onblocked = () => resolve(null);
      opening.onsuccess = () => {
        const db = opening.result;
        db.onversionchange = () => db.close();
        try {
          const request = db.transaction(PAINT_TABLE).objectStore(PAINT_TABLE).get(PAINT_KEY);
          request.onsuccess = () => {
            resolve((request.result as FirstPaint | undefined) ?? null);
            db.close();
          };
          request.onerror = () => {
            resolve(null);
            db.close();
          };
        } catch {
          resolve(null);
          db.close();
        }
      };
    } catch {
      resolve(null);
    }
  });
