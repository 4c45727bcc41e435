/** Which accounts this device holds, for hosts that start without a page: the service worker. */
import { databasePrefix } from '../model/storage-name.ts';
import type { Account, StorePort } from '../ports/ports.ts';

const ACCOUNT_KEY = 'account';

/** Written at every start of an engine, beside what it is about. */
export const rememberAccount = (store: StorePort, account: Account): Promise<void> =>
  store.tx('remember-account', ['meta'], 'readwrite', 'relaxed', async (tx) => tx.put('meta', ACCOUNT_KEY, account));

export const readAccount = (store: StorePort): Promise<Account | undefined> =>
  store.tx('read-account', ['meta'], 'readonly', 'relaxed', async (tx) => (await tx.get('meta', ACCOUNT_KEY)) as Account | undefined);

/** Databases of accounts on this server; none where the browser does not tell. */
export const accountDatabases = async (factory: IDBFactory, url: string): Promise<string[]> => {
  const all = 'databases' in factory ? await factory.databases() : [];
  return all.flatMap(({ name }) => (name?.startsWith(databasePrefix(url)) ? [name] : []));
};
