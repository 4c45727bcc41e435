/**
 * Encrypted texts on the disks of a world: which devices encrypt, and what a sealed row holds. The judge knows the texts of the world, and
 * reads the rows of the disk as a thief does. `sealing.ts` plans what happens to these devices.
 */
import type { TableName } from '../../src/ports/ports.ts';
import { isSealed, putTexts } from '../../src/store/sealed-row.ts';
import { unmasked } from '../../src/testing/fake-cipher.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import type { Committed } from '../../src/testing/virtual-disk.ts';
import type { Violated } from './truths.ts';

/** The text that a reader sends with a receipt. */
export const RECEIPT_TEXT = 'a text of a receipt';
/** Every body of the world names its chat. */
const TEXTS = new RegExp(`chat\\\\*":|${RECEIPT_TEXT}`);
const NONCE_BYTES = 12;

/** The text of a row, sealed or not. */
export const textOf = (table: TableName, record: unknown): string =>
  isSealed(record) ? putTexts(table, record.text, unmasked(record.sealed).text)! : (record as string);

/** Devices whose pages encrypt from the first one on. */
const steady = new WeakSet<VirtualDevice>();

/** Whether the pages of the device may switch encryption off. */
export const maySwitchOff = (device: VirtualDevice): boolean => !steady.has(device);

/**
 * Every second device encrypts always. On the others each start of a page decides anew.
 *
 * @param wanted the option of this page, for a device whose pages may switch encryption off
 */
export const drawEncryption = (device: VirtualDevice, random: SeededRandom, wanted?: boolean): void => {
  if (device.encryption.on === null && random.chance(0.5)) steady.add(device);
  device.encryption.on = steady.has(device) || (wanted ?? random.chance(0.5));
};

/** Whether a stored value holds a text of the world that can be read without a key. */
const isReadable = (record: unknown): boolean =>
  TEXTS.test(typeof record === 'string' ? record : JSON.stringify(isSealed(record) ? record.text : record));

/** The record of the key. */
interface StoredCipher {
  readonly key: unknown;
  readonly on: boolean;
  /** Every row is as `on` says. */
  readonly done: boolean;
}

export class SealedDisk {
  /** From then on the device evicts what it cannot read. */
  hasLostKey = false;
  /** Whether the newest record of the key switched encryption on. */
  private switchedTo = false;
  /** By nonce: the bytes after it. The same nonce under the same key for another text gives both texts away. */
  private readonly nonces = new Map<string, string>();
  /** A page that encrypts has written rows after another page switched encryption off. */
  private hasStrays = false;

  constructor(
    private readonly device: VirtualDevice,
    private readonly violated: Violated,
  ) {}

  commit({ name, process, writes }: Committed): void {
    const { device } = this;
    if (device.encryption.on === null) return;
    const known = this.known();
    // A page that encrypts, and every host once a page has switched encryption on. Without a key, the page that opens next decides.
    const mustSeal = (known?.on === true && known.key !== null) || device.encryption.encrypts(process) || steady.has(device);
    for (const write of writes) {
      if (write.op !== 'put') continue;
      const { table, key, record } = write;
      if (mustSeal && isReadable(record))
        this.wrong(`${process.name} writes a text in the clear: ${name} of ${table} ${JSON.stringify(key)}`);
      if (isSealed(record)) this.judgeNonce(record.sealed);
      if (key === 'cipher') {
        const { on } = record as StoredCipher;
        if (name === 'mark-texts' && on !== this.switchedTo) this.wrong(`${process.name} undoes what a later page has decided`);
        this.switchedTo = on;
      }
      if (key === 'cipher' && !(record as StoredCipher).done) this.hasStrays = false;
      else this.hasStrays ||= known?.on === false && isSealed(record);
    }
    const { ended } = (device.disk.get('meta', 'head') ?? {}) as { readonly ended?: string };
    const isEnd = ended === 'wiped' && writes.some((write) => write.op === 'put' && write.key === 'head');
    if (isEnd && known?.key) this.wrong(`${name} ends the account and leaves the key`);
    const isWipe = name === 'wipe-unrecorded' || (name === 'wipe' && ended === 'wiped');
    for (const [table, rows] of isWipe ? device.disk.rows : [])
      for (const [key] of rows) if (key !== '"head"') this.wrong(`${name} leaves ${table} ${key}`);
  }

  private judgeNonce(sealed: Uint8Array): void {
    const nonce = sealed.slice(0, NONCE_BYTES).join();
    const rest = sealed.slice(NONCE_BYTES).join();
    if ((this.nonces.get(nonce) ?? rest) !== rest) this.wrong('the same nonce stands before two texts');
    this.nonces.set(nonce, rest);
  }

  /** At rest every row is as the record of the key says, once all rows are rewritten. */
  judgeAtRest(): void {
    const { device } = this;
    const known = this.known();
    for (const [table, rows] of known ? device.disk.rows : [])
      for (const [key, { record }] of rows) {
        const isWrong = known!.on ? isReadable(record) : isSealed(record);
        // A page of messages that cannot be read stays as it is.
        if (isWrong && known!.done && (known!.on || !(this.hasStrays || this.hasLostKey)))
          this.wrong(`keeps ${table} ${key} ${known!.on ? 'in the clear' : 'encrypted'}`);
      }
  }

  private known(): StoredCipher | undefined {
    return this.device.disk.get('meta', 'cipher') as StoredCipher | undefined;
  }

  private wrong(why: string): void {
    this.violated('encryption', `${this.device.name}: ${why}`);
  }
}
