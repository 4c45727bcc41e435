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
export class KeyNeeded extends StoreError {
  constructor() {
    super('store/unavailable', 'a tab encrypts; repeat the call');
  }
}

export interface RowCipher {
  /** undefined: not looked for yet. null: there is none. */
  key: unknown;
  findKey(): Promise<void>;
  /** @returns null for a row without texts. */
  seal(row: string): Promise<SealedRow> | null;
  /** @returns undefined for a row that cannot be read and counts as missing. @throws {KeyNeeded} */
  open(table: TableName, row: SealedRow): Promise<string | undefined>;
}

/** @param known undefined: looked for when a row needs it. */
export const rowCipher = (store: StorePort, cipher: CipherPort, known: unknown): RowCipher => ({
  key: known,
  async findKey() {
    this.key ??= (await findCipher(store))?.key ?? null;
  },
  seal(row) {
    const parts = takeTexts(row);
    return parts && cipher.seal(this.key, parts[1], parts[0]).then((sealed) => ({ text: parts[0], sealed }));
  },
  async open(table, { text, sealed }) {
    const { key } = this;
    if (key === undefined) throw new KeyNeeded();
    return putTexts(table, text, key ? await cipher.open(key, sealed, text).catch(() => null) : null);
  },
});
