import { PGlite } from '@electric-sql/pglite';
import { pgliteDriver } from '../../src/server/sql/pglite.ts';
import { openSqlStore } from '../../src/server/sql/sql-store.ts';
import type { ServerStore } from '../../src/server/server-store.ts';
import { describeServerStore } from './server-store.ts';

const databases = new Map<ServerStore, PGlite>();
const openOver = async (database: PGlite): Promise<ServerStore> => {
  const store = await openSqlStore(pgliteDriver(database));
  databases.set(store, database);
  return store;
};

describeServerStore('PGlite', {
  open: async () => openOver(await PGlite.create()),
  startFromCopy: async (store) => {
    const loadDataDir = await databases.get(store)!.dumpDataDir('none');
    return openOver(await PGlite.create({ loadDataDir }));
  },
});
