/**
 * The start of an account on a store. Before the engine reads anything, the host records the store's account and
 * finishes an interrupted wipe: data of a logged-out account is never shown or sent.
 */
import { ACCOUNT_KEY, type LogHeader, LOG_HEADER_KEY, TABLES, wipeTables } from '../../log/tables.ts';
import type { Account, StorePort } from '../../ports/ports.ts';

/** `new`: the store was empty. `unwiped`: the account was logged out, and its data is still there. */
export type Entered = 'entered' | 'new' | 'unwiped';

/**
 * Writes the account into its store, unless the record is there already: a full device starts as well. Opens the store
 * again after a log-out that kept its data. Writes nothing to an `unwiped` store.
 */
export const enterAccount = (store: StorePort, account: Account): Promise<Entered> =>
  store.tx('enter-account', ['meta'], 'readwrite', 'relaxed', async (tx) => {
    const header = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader | undefined;
    if (header?.ended === 'wiped') return 'unwiped';
    if (header?.ended) {
      const { ended: _, ...open } = header;
      tx.put('meta', LOG_HEADER_KEY, open satisfies LogHeader);
    }
    const known = (await tx.get('meta', ACCOUNT_KEY)) as Account | undefined;
    if (known?.userId !== account.userId || known.deviceId !== account.deviceId) tx.put('meta', ACCOUNT_KEY, account);
    return header ? 'entered' : 'new';
  });

/**
 * Reads the account of a store; undefined for an empty store, and until a page has created the log. The log begins with the receipt settings
 * of that page, and a host without a page must not send receipts without them (F133).
 */
export const readAccount = (store: StorePort): Promise<Account | undefined> =>
  store.tx('read-account', ['meta'], 'readonly', 'relaxed', async (tx) => {
    const header = await tx.get('meta', LOG_HEADER_KEY);
    return header === undefined ? undefined : ((await tx.get('meta', ACCOUNT_KEY)) as Account | undefined);
  });

/** Empties a store whose account was logged out, and no other store. The log header stays, and tells other tabs the reason. */
export const finishWipe = (store: StorePort): Promise<void> => store.tx('wipe', TABLES, 'readwrite', 'strict', wipeTables);

/**
 * Enters an account. If the store waits for its wipe, finishes the wipe, lets the host replace the store, and enters
 * the new store.
 *
 * @param replace removes the emptied store and this device's id, and resolves with an empty store and a new device id.
 */
export const enterOrWipe = async (
  store: StorePort,
  account: Account,
  replace: () => Promise<{ readonly store: StorePort; readonly deviceId: string }>,
): Promise<Entered> => {
  const found = await enterAccount(store, account);
  if (found !== 'unwiped') return found;
  await finishWipe(store);
  const next = await replace();
  return enterAccount(next.store, { userId: account.userId, deviceId: next.deviceId });
};
