/** The first paint: counts and conversations to show before the worker answers. One record, read with bare IndexedDB. */
import type { FirstPaint } from '../../model/conversation/conversation.ts';
import { PAINT_KEY } from '../../model/storage-name.ts';
import { inTable } from '../../platform/small-database.ts';
import type { TableName } from '../../ports/ports.ts';

const PAINT_TABLE: TableName = 'meta';

/** @returns null if the record or the database is missing. Never creates or upgrades the database, which the worker does. */
export const readFirstPaint = async (databaseName: string): Promise<FirstPaint | null> => {
  let paint: FirstPaint | null = null;
  await inTable(databaseName, PAINT_TABLE, 'look', (records) => {
    const request = records.get(PAINT_KEY);
    request.onsuccess = () => (paint = (request.result as FirstPaint | undefined) ?? null);
  });
  return paint;
};
