/**
 * The device's id for one account: created once and kept outside the account's database, so that a loss of the database
 * is noticed.
 */
import { createStore, del, type UseStore, update } from 'idb-keyval';

let devices: UseStore | null = null;

/** Ids of a page without storage: its next worker remains the same device. */
const unkept = new Map<string, string>();

const makeId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param account names server and user. Without storage, the id lives as long as the page. */
export const deviceId = async (account: string): Promise<string> => {
  const fresh = makeId();
  let id = fresh;
  try {
    devices ??= createStore('tidemark-devices', 'ids');
    // A single transaction: two tabs that start at once get the same id.
    await update<string>(account, (known) => (id = known ?? fresh), devices);
  } catch {
    devices = null;
    id = unkept.get(account) ?? id;
    unkept.set(account, id);
  }
  return id;
};

/** Removes the id after a log-out: the next log-in is a new device. */
export const forgetDevice = async (account: string): Promise<void> => {
  unkept.delete(account);
  try {
    devices ??= createStore('tidemark-devices', 'ids');
    await del(account, devices);
  } catch {
    // The browser refuses storage, so no id was stored.
    devices = null;
  }
};
