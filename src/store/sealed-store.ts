/**
 * A store that encrypts the texts of users in its rows (`sealed-row.ts`). The engine above and the store below know nothing of it.
 *
 *   engine ──rows──▶ sealed store ──rows without texts, and sealed texts──▶ store
 *                        │ ▲
 *                        ▼ │
 *                       cipher
 *
 * A cipher answers later, and IndexedDB ends a transaction that has nothing to do. The engine decides inside of the transaction what it
 * writes, so the texts cannot be encrypted before. The transaction therefore stays busy until the cipher has answered: {@link held}.
 * Writes after a waiting write wait behind it, and so do reads.
 */
import type { FirstPaint } from '../model/conversation/conversation.ts';
import { PAINT_KEY } from '../model/storage-name.ts';
import { CIPHER_KEY } from '../log/tables.ts';
import type { CipherPort, ClockPort, StoreKey, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import type { DiskStore } from './disk-store.ts';
import { held } from './hold-transaction.ts';
import { rewriteTexts } from './rewrite-texts.ts';
import { findCipher, KEY_NEEDED, readCipher, type RowCipher, rowCipher, type StoredCipher } from './row-cipher.ts';
import { isSealed } from './sealed-row.ts';

/** The page reads the first paint by itself, without a key. */
const withoutTexts = ({ conversations, ...rest }: FirstPaint): FirstPaint => ({
  ...rest,
  conversations: conversations.map(({ lastMessage: _, ...conversation }) => conversation),
});

/**
 * Runs a body on a transaction, with sealed rows below it and whole rows above it.
 *
 * @param asked whether rows are sealed. The requests of the body go on meanwhile; its first row waits for the answer.
 * @param isSought the key was looked for just now
 */
const runSealed = async <T>(
  tx: StoreTx,
  body: (tx: StoreTx) => Promise<T>,
  cipher: RowCipher,
  asked: Promise<boolean>,
  clock: ClockPort,
  isSought: boolean,
): Promise<T> => {
  let on: boolean | undefined;
  const known = asked.then((is) => void (on = is));
  known.catch(() => undefined);
  /** Ends when all writes so far have been handed to the store; null before the first write that waits. */
  let written = null as Promise<void> | null;
  let isOver = false;
  const wait = (op: () => void | Promise<void>): void => {
    written = (written ?? Promise.resolve()).then(() => (isOver ? undefined : op()));
    written.catch(() => undefined);
  };
  const inOrder = (op: () => void): void => (written ? wait(op) : op());
  const opened = async (table: TableName, ask: () => Promise<unknown[]>): Promise<unknown[]> => {
    const records = await (written ? written.then(ask) : ask());
    if (!records.some(isSealed)) return records;
    // The answer tells the key, too.
    await known;
    return held(tx, table, Promise.all(records.map((record) => (isSealed(record) ? cipher.open(table, record, isSought) : record))), clock);
  };
  const stored = (records: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]> => {
    if (!on) return records;
    const rows = records.map((record) => (typeof record === 'string' && cipher.seal(record)) || record);
    return rows.some((row) => row instanceof Promise) ? Promise.all(rows) : records;
  };
  const putMany = (table: TableName, keys: readonly StoreKey[], records: readonly unknown[]): void => {
    const begun = on === undefined ? null : stored(records);
    if (begun && !(begun instanceof Promise)) return inOrder(() => put(table, keys, begun));
    wait(async () => {
      await known;
      const rows = begun ?? stored(records);
      const all = rows instanceof Promise ? await held(tx, table, rows, clock) : rows;
      if (!isOver) put(table, keys, all);
    });
  };
  const put = (table: TableName, keys: readonly StoreKey[], rows: readonly unknown[]): void =>
    tx.putMany(table, keys, on && keys[0] === PAINT_KEY ? [withoutTexts(rows[0] as FirstPaint)] : rows);
  try {
    const result = await body({
      get: async (table, key) => (await opened(table, () => tx.getMany(table, [key])))[0],
      getMany: (table, keys) => opened(table, () => tx.getMany(table, keys)),
      range: (table, range) => opened(table, () => tx.range(table, range)),
      keys: async (table, range) => {
        await written;
        return tx.keys(table, range);
      },
      put: (table, key, record) => putMany(table, [key], [record]),
      putMany,
      delete: (table, key) => inOrder(() => tx.delete(table, key)),
      deleteRange: (table, range) => inOrder(() => tx.deleteRange(table, range)),
      clear: (table) => inOrder(() => tx.clear(table)),
    });
    await written;
    return result;
  } catch (error) {
    isOver = true;
    throw error;
  }
};

/** @param fresh the key of a store that has none */
const switchTo = (store: StorePort, on: boolean, fresh?: unknown): Promise<StoredCipher> =>
  store.tx('set-cipher', ['meta'], 'readwrite', 'strict', async (tx) => {
    const [now, paint] = (await tx.getMany('meta', [CIPHER_KEY, PAINT_KEY])) as [StoredCipher | undefined, FirstPaint | undefined];
    const next: StoredCipher = { key: now?.key ?? fresh, on, done: false };
    // A log-out may have deleted the key meanwhile.
    if (on || now?.on) tx.put('meta', CIPHER_KEY, next);
    if (on && paint) tx.put('meta', PAINT_KEY, withoutTexts(paint));
    return next;
  });

/**
 * The page that opens last decides: it switches encryption on or off when it opens, and {@link rewriteTexts} brings the rows after it.
 * Without encryption the start waits for nothing, and a key is looked for when a row needs one.
 *
 * Every write reads in its own transaction whether texts are encrypted, and with which key: another page may have switched since this host
 * opened the store, and a log-out of another tab may have emptied it. So no host writes in the clear after a switch, and a row is encrypted
 * only with a key that its store keeps. A page that encrypts goes on encrypting after another page has switched encryption off.
 *
 * @param wanted whether the device encrypts from now on. Undefined, for a host without a page: as the last page said.
 */
export const sealTexts = async (
  store: StorePort,
  cipher: CipherPort,
  clock: ClockPort,
  wanted?: boolean,
): Promise<StorePort & Required<Pick<StorePort, 'encryption'>>> => {
  const asked = findCipher(store);
  let found = wanted === false ? undefined : await asked;
  // Switches off what an earlier page has switched on. A full or closed store: the next start repeats it.
  const switched = wanted === false && asked.then((now) => (now?.on ? switchTo(store, false) : now)).catch(() => undefined);
  const on = wanted ?? found?.on ?? false;
  // A restored profile may have the record without its key.
  if (on && !(found?.on && found.key)) found = await switchTo(store, true, await cipher.newKey());
  const rows = rowCipher(store, cipher, found?.key);
  // A host without a page rewrites nothing.
  const rewriting = rewriteTexts(store, clock, rows, on, wanted !== undefined && !found?.done);
  const asksIn = async (tx: StoreTx): Promise<boolean> => {
    const stored = await readCipher(tx);
    if (stored?.key) {
      rows.key = stored.key;
      return wanted || stored.on;
    }
    if (on) tx.put('meta', CIPHER_KEY, { key: rows.key, on, done: false } satisfies StoredCipher);
    return on;
  };
  return {
    durability: store.durability,
    reserveBytes: store.reserveBytes,
    async tx(name, tables, mode, durability, body) {
      // The engine writes texts only in such transactions.
      const ask = mode === 'readwrite' && tables.includes('log') && tables.includes('meta') ? asksIn : async () => on;
      for (let isSought = false; ; isSought = true) {
        try {
          return await store.tx(name, tables, mode, durability, (tx) => runSealed(tx, body, rows, ask(tx), clock, isSought));
        } catch (error) {
          if (error !== KEY_NEEDED) throw error;
          await rows.findKey();
        }
      }
    },
    room: () => store.room(),
    async encryption() {
      await switched;
      return rewriting.state();
    },
    close() {
      rewriting.stop();
      store.close();
    },
  };
};

/** Opens the device's store and seals it. A device that cannot keep a key gets no store: its texts stay in memory. */
export const openSealedDisk = async (
  open: () => Promise<DiskStore>,
  cipher: CipherPort,
  clock: ClockPort,
  wanted?: boolean,
): Promise<DiskStore> => {
  const disk = await open();
  try {
    const { removed, newerSchema } = disk;
    return { ...(await sealTexts(disk, cipher, clock, wanted)), remove: () => disk.remove(), removed, newerSchema };
  } catch (error) {
    disk.close();
    throw error;
  }
};
