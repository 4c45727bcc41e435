/** The device's id for one account: made once, kept outside the account's database, so that its loss can be noticed. */
import { createStore, del, type UseStore, update } from 'idb-keyval';

let devices: UseStore | null = null;

/** Where storage is refused: the next worker of this page is still the same device. */
const unkept = new Map<string, string>();

const makeId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param account names server and user. Where storage is refused, the id lives as long as the page. */
export const deviceId = async (account: string): Promise<string> => {
  const fresh = makeId();
  let id = fresh;
  try {
    devices ??= createStore('tidemark-devices', 'ids');
    // One transaction: of two tabs that start at once, both get the first one's.
    await update<string>(account, (known) => (id = known ?? fresh), devices);
  } catch {
    devices = null;
    id = unkept.get(account) ?? id;
    unkept.set(account, id);
  }
  return id;
};

/** Logged out: the next log-in is a device of its own. */
export const forgetDevice = async (account: string): Promise<void> => {
  unkept.delete(account);
  try {
    devices ??= createStore('tidemark-devices', 'ids');
    await del(account, devices);
  } catch {
    // Storage is refused: nothing was kept either.
    devices = null;
  }
};
