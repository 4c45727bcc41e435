/** One database, lock and bus per (server, account): no two accounts ever share a table (I-23). */
import type { UserId } from './ids.ts';

export const databaseName = (url: string, userId: UserId): string => {
  const { host, pathname } = new URL(url);
  return `tidemark:${host}${pathname}:${userId}`;
};
