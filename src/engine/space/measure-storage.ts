/** Measures what this device stores of the account. */
import { byteLength } from '../../model/byte-length.ts';
import type { StoredAmount } from '../../model/api/storage.ts';
import { size } from '../../model/registers/ranges.ts';
import type { Ports } from '../../ports/ports.ts';
import { readAllIndexes } from '../../log/pages.ts';
import { SNAPSHOT_KEY, TABLES } from '../../log/tables.ts';
import type { Writer } from '../write/writer.ts';

/** Reads page indexes, log and snapshot. Call it in the writer's turn. */
export const measureStorage = async ({ store }: Pick<Ports, 'store'>, writer: Writer): Promise<StoredAmount> => {
  const bytes = await store.tx('measure', TABLES, 'readonly', 'relaxed', async (tx) => {
    await writer.catchUp(tx);
    const indexes = await readAllIndexes(tx);
    const records = (await tx.range('log', { from: 0, upTo: [] })) as string[];
    const snapshot = ((await tx.get('meta', SNAPSHOT_KEY)) ?? '') as string;
    return [snapshot, ...records].reduce((sum, text) => sum + byteLength(text), 0) + indexes.reduce((sum, index) => sum + index.bytes, 0);
  });
  writer.emit();
  let messages = 0;
  for (const { storedSeqs } of writer.model.conversations.values()) messages += size(storedSeqs);
  return { bytes, messages, encryption: (await store.encryption?.()) ?? { on: false, waiting: 0 } };
};
