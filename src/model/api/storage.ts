/** What this device stores. */

/** Data of the account on this device. */
export interface StoredAmount {
  /** Size of the stored texts in UTF-8: messages, state and pending entries. The browser's own files around them are not counted. */
  readonly bytes: number;
  /** Number of messages stored on this device. */
  readonly messages: number;
  /** How the texts of messages and receipts are kept on this device. */
  readonly encryption: TextEncryption;
}

/** What the option `encryption` does on this device. */
export interface TextEncryption {
  /** Whether this tab encrypts the texts that it stores. */
  readonly on: boolean;
  /** Number of stored records that are not yet as `on` says: after a switch, they are rewritten in the background. */
  readonly waiting: number;
}

/** The answer of `storage`: what this device stores of the account, and what the browser says about its room. */
export interface StorageReport extends StoredAmount {
  readonly encryption: TextEncryption & {
    /** What stays readable in the browser's files, with encryption too. */
    readonly readable: readonly string[];
  };
  /** Whether the browser has promised not to delete the data when disk space runs low; null if the browser does not say. */
  readonly persisted: boolean | null;
  /** Bytes that the browser allows for all data of this origin; null if the browser does not say. */
  readonly quota: number | null;
}

/** Everything stored except the texts of messages and receipts. */
export const ALWAYS_READABLE: readonly string[] = [
  'ids',
  'senders',
  'times',
  'positions',
  'receipts',
  'mentions',
  'flags',
  'counts',
  'settings',
];
