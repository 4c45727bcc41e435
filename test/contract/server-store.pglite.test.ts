import { PGlite } from '@electric-sql/pglite';
import { expect, it } from 'vitest';
import { pgliteDriver } from '../../src/server/store/sql/pglite.ts';
import { openSqlStore } from '../../src/server/store/sql/sql-store.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
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

it('the server upgrades the tables of an older server, and refuses the tables of a newer server', { timeout: 120_000 }, async () => {
  const database = await PGlite.create();
  const driver = { ...pgliteDriver(database), close: async () => undefined };
  const indexes = async (): Promise<number> =>
    (await database.query(`select 1 from pg_indexes where schemaname = 'tidemark' and indexname = 'recalled_message'`)).rows.length;
  await (await openSqlStore(driver)).close();
  expect(await indexes()).toBe(1);
  // The tables of the first schema version.
  await database.exec(
    `drop index tidemark.recalled_message; alter table tidemark.message drop column mentions; update tidemark.schema_version set version = 1`,
  );
  await (await openSqlStore(driver)).close();
  expect(await indexes()).toBe(1);
  await (await openSqlStore(driver)).close();
  await database.exec(`insert into tidemark.schema_version (version) values (1000)`);
  await expect(openSqlStore(driver)).rejects.toThrow('run a newer server');
  await database.close();
});
