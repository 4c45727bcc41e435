/** Repairs the state after pages were lost: by an eviction that a crash or a full disk interrupted, or with the key of their texts. */
import type { ConversationId } from '../../model/ids.ts';
import { fromSeqs, type Ranges, subtract } from '../../model/registers/ranges.ts';
import type { Ports, StoreKey } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { pagesOf, parseIndexLine, readAllIndexes, readIndex, shrinkPages } from '../../log/pages.ts';
import { PAGES_INTACT_KEY } from '../../log/tables.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { type MaintenanceHost, writeAlone } from './maintenance-write.ts';

/** Messages that are in pages. The other stored messages are in log records only, and an eviction leaves them alone. */
export const inPages = ({ storedSeqs, unflushed }: ConversationState): Ranges => subtract(storedSeqs, fromSeqs(unflushed.seqs));

/**
 * Records the messages missing from the pages as evicted. An eviction deletes pages first and records the eviction
 * afterwards; after a crash or on a full disk, the record may be missing. Reads every page index once. A conversation that the app opens
 * fetches the messages again.
 *
 * @param doubtful pages in which a reader missed messages. A page whose texts cannot be read counts as missing, and so does its index.
 */
export const repairPages = async (
  ports: Pick<Ports, 'store' | 'bus'>,
  writer: MaintenanceHost,
  doubtful: readonly StoreKey[] = [],
): Promise<void> => {
  await writeAlone(ports, writer, 'repair-pages', async (tx, model) => {
    tx.put('meta', PAGES_INTACT_KEY, true);
    (await tx.getMany('pages', doubtful)).forEach((page, i) => page ?? tx.delete('indexes', doubtful[i]!));
    const found = new Map<ConversationId, number[]>();
    for (const index of await readAllIndexes(tx))
      found.set(index.conversationId, [
        ...(found.get(index.conversationId) ?? []),
        ...readIndex(index).map(([, line]) => parseIndexLine(line).seq),
      ]);
    const changes: Change[] = [];
    for (const conversation of model.conversations.values()) {
      const lost = subtract(inPages(conversation), fromSeqs(found.get(conversation.id) ?? []));
      if (lost.length > 0) {
        changes.push({ t: 'evict', conversationId: conversation.id, seqs: lost, dropped: true });
        await shrinkPages(tx, conversation.id, pagesOf(lost), subtract(conversation.storedSeqs, lost));
      }
    }
    return changes;
  });
  writer.pagesIntact = true;
};
