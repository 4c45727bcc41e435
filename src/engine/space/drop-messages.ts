/**
 * `dropCachedMessages`: removes every stored message but the newest of each conversation, which the list shows. Rows, positions, receipts and
 * the outbox do not change, so no count changes, and no receipt is sent twice.
 *
 *   evict, with `dropped` ─▶ the background fetches nothing of it again
 *                         └▶ a conversation that the app opens fetches the messages that it shows
 */
import { type Range, type Ranges, size, subtract } from '../../model/registers/ranges.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { deletePages, writePages } from '../../log/pages.ts';
import { pageOf } from '../../log/tables.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { writeAlone } from '../write/maintenance-write.ts';
import type { Writer } from '../write/writer.ts';

/** Conversations in one transaction. */
const PER_SLICE = 128;

const toDrop = ({ storedSeqs, newest }: ConversationState): Ranges => {
  const stays: Ranges = newest ? [[newest.seq, newest.seq] satisfies Range] : [];
  return subtract(storedSeqs, stays);
};

/** Call it in the writer's turn. A call that fails half-way may be repeated. */
export const dropMessages = async (ports: Pick<Ports, 'store' | 'bus' | 'log'>, writer: Writer): Promise<void> => {
  let dropped = 0;
  const slice = async (from: number): Promise<boolean> => {
    let isLast = false;
    let here = 0;
    await writer.withRoom(() =>
      writeAlone(
        ports,
        writer,
        'drop-messages',
        async (tx, model) => {
          const ids = [...model.conversations.keys()];
          isLast = ids.length <= from + PER_SLICE;
          here = 0;
          const changes: Change[] = [];
          for (const id of ids.slice(from, from + PER_SLICE)) {
            const conversation = model.get(id)!;
            const { newest } = conversation;
            const seqs = toDrop(conversation);
            if (seqs.length === 0) continue;
            here += size(seqs);
            changes.push({ t: 'evict', conversationId: id, seqs, dropped: true });
            deletePages(tx, id);
            if (newest) await writePages(tx, [{ conversationId: id, page: pageOf(newest.seq), messages: [newest], steps: [], counts: [] }]);
          }
          return changes;
        },
        'strict',
      ),
    );
    dropped += here;
    return !isLast;
  };
  for (let from = 0; await slice(from); from += PER_SLICE);
  ports.log('info', 'messages-evicted', { messages: dropped, cause: 'dropped' });
};
