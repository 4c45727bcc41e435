/** Encrypted texts on the disks of a world: which devices encrypt, what a sealed row holds, and whether a text is left in the clear. */
import type { TableName } from '../../src/ports/ports.ts';
import { isSealed, putTexts, takeTexts } from '../../src/store/sealed-row.ts';
import { unmasked } from '../../src/testing/fake-cipher.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';

/** The text of a row, sealed or not. */
export const textOf = (table: TableName, record: unknown): string =>
  isSealed(record) ? putTexts(table, record.text, unmasked(record.sealed).text)! : (record as string);

/** Devices whose pages encrypt from the first one on. */
const steady = new WeakSet<VirtualDevice>();

/** Every second device encrypts always. On the others each start of a page decides anew. */
export const drawEncryption = (device: VirtualDevice, random: SeededRandom): void => {
  if (device.encryption.on === null && random.chance(0.5)) steady.add(device);
  device.encryption.on = steady.has(device) || random.chance(0.5);
};

/** A row with a text in the clear, on a device that encrypts always. */
export const rowInTheClear = (device: VirtualDevice): string | undefined => {
  for (const [table, rows] of steady.has(device) ? device.disk.rows : [])
    for (const [key, { record }] of rows) if (typeof record === 'string' && takeTexts(record)) return `${table} ${key}`;
  return undefined;
};
