/**
 * The device's id for one account: created once and kept outside the account's database, so that a loss of the database
 * is noticed.
 */
import { inTable } from '../../platform/small-database.ts';

const DATABASE = 'tidemark-devices';
const TABLE = 'ids';

/** Ids of a page without storage: its next worker remains the same device. */
const unkept = new Map<string, string>();

const makeId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param account names server and user. Without storage, the id lives as long as the page. */
export const deviceId = async (account: string): Promise<string> => {
  let id = makeId();
  // A single transaction: two tabs that start at once get the same id.
  const isKept = await inTable(DATABASE, TABLE, 'make', (ids) => {
    const known = ids.get(account);
    known.onsuccess = () => ids.put((id = (known.result as string | undefined) ?? id), account);
  });
  if (!isKept) {
    id = unkept.get(account) ?? id;
    unkept.set(account, id);
  }
  return id;
};

/** Removes the id after a log-out: the next log-in is a new device. If the browser refuses storage, no id was stored. */
export const forgetDevice = async (account: string): Promise<void> => {
  unkept.delete(account);
  await inTable(DATABASE, TABLE, 'change', (ids) => ids.delete(account));
};
