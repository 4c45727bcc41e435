/** The first paint: counts and conversations to show before the worker answers. One record, read with bare IndexedDB. */
import type { FirstPaint } from '../../model/conversation/conversation.ts';
import { PAINT_KEY } from '../../model/storage-name.ts';
import type { TableName } from '../../ports/ports.ts';

const PAINT_TABLE: TableName = 'meta';

/** @returns null if the record or the database is missing. Never creates or upgrades the database. */
export const readFirstPaint = (databaseName: string): Promise<FirstPaint | null> =>
  new Promise((resolve) => {
    try {
      const opening = indexedDB.open(databaseName);
      // The database is missing, and the worker creates the database.
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
