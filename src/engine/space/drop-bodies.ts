/**
 * Evicts messages that are in the log only: deletes their bodies. On a full device a compaction has no room for the pages that the messages
 * would move into, and a page closed before its compaction may leave a long log.
 *
 *   delete the rows with the bodies ─▶ record the eviction
 *                └─ a crash, or still no room: the next start finds records without bodies and repairs (see {@link repairPages})
 */
import type { ConversationId, Seq } from '../../model/ids.ts';
import { fromSeqs } from '../../model/registers/ranges.ts';
import { bodiesKey } from '../../log/log-record.ts';
import { TABLES } from '../../log/tables.ts';
import type { Ports } from '../../ports/ports.ts';
import type { AccountState } from '../state/account-state.ts';
import { WipedError } from '../write/log-header.ts';
import { type MaintenanceHost, writeAlone } from '../write/maintenance-write.ts';

/** The unflushed messages of a record, without the newest message of each conversation. */
interface Loose {
  isRead: boolean;
  readonly messages: [ConversationId, Seq][];
}

const looseByVersion = (model: AccountState): [version: number, Loose][] => {
  const loose = new Map<number, Loose>();
  for (const { id, unflushed, newest, readUpTo } of model.conversations.values())
    for (const [seq, version] of unflushed.versions) {
      if (seq === newest?.seq) continue;
      const record = loose.get(version) ?? { isRead: true, messages: [] };
      record.isRead &&= seq <= readUpTo;
      record.messages.push([id, seq]);
      loose.set(version, record);
    }
  return [...loose];
};

/** Call it in the writer's turn. @returns whether a retry of the failed write may find room. */
export const dropBodies = async (ports: Pick<Ports, 'store' | 'bus' | 'log'>, writer: MaintenanceHost): Promise<boolean> => {
  const gone = new Map<ConversationId, Seq[]>();
  await ports.store.tx('drop-bodies', TABLES, 'readwrite', 'relaxed', async (tx) => {
    gone.clear();
    if (!(await writer.catchUp(tx))) throw new WipedError();
    const all = looseByVersion(writer.model);
    const read = all.filter(([, { isRead }]) => isRead);
    for (const [version, { messages }] of read.length > 0 ? read : all) {
      tx.delete('log', bodiesKey(version));
      for (const [id, seq] of messages)
        gone
          .set(id, gone.get(id) ?? [])
          .get(id)!
          .push(seq);
    }
  });
  if (gone.size === 0) return false;
  writer.pagesIntact = false;
  const evicted = [...gone].map(([conversationId, seqs]) => ({ t: 'evict', conversationId, seqs: fromSeqs(seqs) }) as const);
  await writeAlone(ports, writer, 'dropped-bodies', () => Promise.resolve(evicted));
  writer.pagesIntact = true;
  const messages = [...gone.values()].reduce((sum, { length }) => sum + length, 0);
  ports.log('info', 'messages-evicted', { messages, cause: 'device-full' });
  return true;
};
