/** Seals and opens rows with the key that the store keeps. */
import { StoreError } from '../errors.ts';
import { CIPHER_KEY } from '../log/tables.ts';
import type { CipherPort, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { putTexts, type SealedRow, takeTexts } from './sealed-row.ts';

/** The record {@link CIPHER_KEY}. */
export interface StoredCipher {
  readonly key: unknown;
  readonly on: boolean;
  /** Every row is as `on` says. */
  readonly done: boolean;
}

export const readCipher = async (tx: StoreTx): Promise<StoredCipher | undefined> =>
  (await tx.get('meta', CIPHER_KEY)) as StoredCipher | undefined;

export const findCipher = (store: StorePort): Promise<StoredCipher | undefined> =>
  store.tx('read-cipher', ['meta'], 'readonly', 'relaxed', readCipher);

/** A row needs the key, and this store has not looked for it. It is an error of the store, which a decision hands on. */
export const KEY_NEEDED = new StoreError('store/unavailable', 'encryption hangs; repeat the call');

export interface RowCipher {
  /** Absent: not looked for yet, or there was none. */
  key: unknown;
  findKey(): Promise<void>;
  /** @returns null for a row without texts. */
  seal(row: string): Promise<SealedRow> | null;
  /**
   * @param isSought the key was looked for just now
   * @returns undefined for a row that cannot be read and counts as missing.
   * @throws {StoreError} {@link KEY_NEEDED}
   */
  open(table: TableName, row: SealedRow, isSought: boolean): Promise<string | undefined>;
}

/** @param known undefined: looked for when a row needs it. */
export const rowCipher = (store: StorePort, cipher: CipherPort, known: unknown): RowCipher => ({
  key: known,
  async findKey() {
    this.key ??= (await findCipher(store))?.key;
  },
  seal(row) {
    const parts = takeTexts(row);
    return parts && cipher.seal(this.key, parts[1], parts[0]).then((sealed) => ({ text: parts[0], sealed }));
  },
  async open(table, { text, sealed }, isSought) {
    // Another page may have switched encryption on since this host found no key.
    if (!this.key && !isSought) throw KEY_NEEDED;
    return putTexts(table, text, this.key ? await cipher.open(this.key, sealed, text).catch(() => null) : null);
  },
});
