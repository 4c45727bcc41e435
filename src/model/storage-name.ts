/** Names of the database, its first paint, the lock and the bus. Each pair of server and account has names of its own: no two accounts share a table (I-23). */
import type { UserId } from './ids.ts';

/** The prefix of the names of all accounts of one server. A user id may contain colons, so colons of the path are escaped. */
export const databasePrefix = (url: string): string => {
  const { host, pathname } = new URL(url);
  return `tidemark:${host}${pathname.replaceAll(':', '%3A')}:`;
};

export const databaseName = (url: string, userId: UserId): string => databasePrefix(url) + userId;

/** The account of a database of this server; null for a database of another server. */
export const accountOfDatabase = (url: string, name: string): UserId | null => {
  const prefix = databasePrefix(url);
  return name.startsWith(prefix) ? name.slice(prefix.length) : null;
};

/** The key of the first paint in the table `meta`: the worker writes the record, and the page reads it before the worker has started. */
export const PAINT_KEY = 'paint';

/** The Background Sync tag by which a page asks its service worker to send pending entries. */
export const SYNC_TAG = 'tidemark-receipts';
