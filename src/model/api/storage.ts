/** What this device stores. */

/** Data of the account on this device. */
export interface StoredAmount {
  /** Size of the stored texts in UTF-8: messages, state and pending entries. The browser's own files around them are not counted. */
  readonly bytes: number;
  /** Number of messages stored on this device. */
  readonly messages: number;
}

/** The answer of `storage`: what this device stores of the account, and what the browser says about its room. */
export interface StorageReport extends StoredAmount {
  /** Whether the browser has promised not to delete the data when disk space runs low; null if the browser does not say. */
  readonly persisted: boolean | null;
  /** Bytes that the browser allows for all data of this origin; null if the browser does not say. */
  readonly quota: number | null;
}
