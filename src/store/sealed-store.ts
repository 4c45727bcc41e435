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
import { KeyNeeded, readCipher, type RowCipher, rowCipher, type StoredCipher } from './row-cipher.ts';
import { isSealed } from './sealed-row.ts';

/** The page reads the first paint by itself, without a key. */
const withoutTexts = ({ conversations, ...rest }: FirstPaint): FirstPaint => ({
  ...rest,
  conversations: conversations.map(({ lastMessage: _, ...conversation }) => conversation),
});

/** Runs a body on a transaction, with sealed rows below it and whole rows above it. */
const runSealed = async <T>(
  tx: StoreTx,
  body: (tx: StoreTx) => Promise<T>,
  cipher: RowCipher,
  on: boolean,
  clock: ClockPort,
): Promise<T> => {
  /** Ends when all writes so far have been handed to the store; null before the first write that waits. */
  let written = null as Promise<void> | null;
  let isOver = false;
  const wait = (op: () => void | Promise<void>): void => {
    written = (written ?? Promise.resolve()).then(() => (isOver ? undefined : op()));
    written.catch(() => undefined);
  };
  const inOrder = (op: () => void): void => (written ? wait(op) : op());
  const opened = async <R>(table: TableName, ask: () => Promise<R>, listOf: (answer: R) => unknown[]): Promise<unknown[]> => {
    const records = listOf(await (written ? written.then(ask) : ask()));
    return records.some(isSealed)
      ? held(tx, table, Promise.all(records.map((record) => (isSealed(record) ? cipher.open(table, record) : record))), clock)
      : records;
  };
  const putMany = (table: TableName, keys: readonly StoreKey[], records: readonly unknown[]): void => {
    const rows = on ? records.map((record) => (typeof record === 'string' && cipher.seal(record)) || record) : records;
    if (rows.some((row) => row instanceof Promise)) {
      const all = Promise.all(rows);
      wait(async () => {
        const sealed = await held(tx, table, all, clock);
        if (!isOver) tx.putMany(table, keys, sealed);
      });
    } else inOrder(() => tx.putMany(table, keys, on && keys[0] === PAINT_KEY ? [withoutTexts(rows[0] as FirstPaint)] : rows));
  };
  try {
    const result = await body({
      get: async (table, key) =>
        (
          await opened(
            table,
            () => tx.get(table, key),
            (record) => [record],
          )
        )[0],
      getMany: (table, keys) =>
        opened(
          table,
          () => tx.getMany(table, keys),
          (records) => records,
        ),
      range: (table, range) =>
        opened(
          table,
          () => tx.range(table, range),
          (records) => records,
        ),
      put: (table, key, record) => putMany(table, [key], [record]),
      putMany,
      delete: (table, key) => inOrder(() => tx.delete(table, key)),
      deleteRange: (table, range) => inOrder(() => tx.deleteRange(table, range)),
    });
    await written;
    return result;
  } catch (error) {
    isOver = true;
    throw error;
  }
};

/** Switches encryption on, unless it is on already. */
const switchOn = async (store: StorePort, cipher: CipherPort): Promise<StoredCipher> => {
  const fresh = await cipher.newKey();
  return store.tx('switch-cipher', ['meta'], 'readwrite', 'strict', async (tx) => {
    const [now, paint] = await tx.getMany('meta', [CIPHER_KEY, PAINT_KEY]);
    const next: StoredCipher = { key: (now as StoredCipher | undefined)?.key ?? fresh, on: true, done: false };
    tx.put('meta', CIPHER_KEY, next);
    if (paint) tx.put('meta', PAINT_KEY, withoutTexts(paint as FirstPaint));
    return next;
  });
};

/**
 * Without encryption the start waits for nothing: a key is looked for when a row needs one, and {@link rewriteTexts} switches off what an
 * earlier page has switched on.
 *
 * Every write reads in its own transaction whether texts are encrypted, and with which key: a page may switch while a host without a page
 * runs, and a log-out of another tab may have emptied the store. So a row is encrypted only with a key that its store keeps.
 *
 * @param wanted whether the device encrypts from now on. Undefined, for a host without a page: as the last page said.
 */
export const sealTexts = async (
  store: StorePort,
  cipher: CipherPort,
  clock: ClockPort,
  wanted?: boolean,
): Promise<StorePort & Required<Pick<StorePort, 'encryption'>>> => {
  let found: StoredCipher | undefined;
  if (wanted !== false) found = await store.tx('read-cipher', ['meta'], 'readonly', 'relaxed', readCipher);
  const on = wanted ?? found?.on ?? false;
  // A restored profile may have the record without its key.
  if (on && !(found?.on && found.key)) found = await switchOn(store, cipher);
  const rows = rowCipher(store, cipher, found?.key);
  // A host without a page switches nothing off.
  const rewriting = rewriteTexts(store, clock, rows, on, wanted !== undefined && !found?.done);
  return {
    durability: store.durability,
    async tx(name, tables, mode, durability, body) {
      for (;;) {
        try {
          return await store.tx(name, tables, mode, durability, async (tx) => {
            let isOn = on;
            // The engine writes texts only in such transactions.
            if (wanted !== false && mode === 'readwrite' && tables.includes('log') && tables.includes('meta')) {
              const stored = await readCipher(tx);
              if (stored?.key) {
                rows.key = stored.key;
                isOn = wanted ?? stored.on;
              } else if (on) tx.put('meta', CIPHER_KEY, { key: rows.key, on, done: false } satisfies StoredCipher);
            }
            return runSealed(tx, body, rows, isOn, clock);
          });
        } catch (error) {
          if (!(error instanceof KeyNeeded)) throw error;
          await rows.findKey();
        }
      }
    },
    room: () => store.room(),
    encryption: async () => ({ on, waiting: await rewriting.waiting() }),
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
