/**
 * Flags of conversations (muted, marked unread, archived) set by the user before the first snapshot. A change of a flag takes the
 * highest known count plus one, but this device does not know the server's count yet. So such a flag waits in the
 * outbox for the first snapshot, and takes its count from the row in the snapshot.
 */
import { archiveOf } from '../../model/conversation/archive.ts';
import { latestFlag, latestMark, setArchive, setFlag, setMark } from '../../model/registers/flag.ts';
import { hasFlag, type OutboxEntry, queueOf } from '../../model/outbox-entry.ts';
import type { Draft } from './draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { type IntentPorts, enqueueReceipts } from './enqueue.ts';

/** True before the first snapshot: the server may have flags of this conversation that this device has not seen. */
export const isBlind = (model: AccountState, conversation: ConversationState | undefined): boolean =>
  model.cursor === null && conversation?.isKnown !== true;

/** True if an entry waits for the first snapshot: sent earlier, the flag's count might be too low to win. */
export const awaitsSnapshot = (model: AccountState, entry: OutboxEntry): boolean =>
  model.cursor === null && (entry.kind === 'settings' || (entry.kind === 'receipts' && hasFlag(entry.pendingReceipts)));

/**
 * The sendable entries, oldest first. An entry without its first snapshot holds back the later entries of its
 * conversation (I-8).
 */
export const sendable = (model: AccountState): OutboxEntry[] => {
  const waiting = new Set<string>();
  return [...model.outbox.values()].filter((entry) => {
    if (awaitsSnapshot(model, entry)) waiting.add(queueOf(entry));
    return !waiting.has(queueOf(entry));
  });
};

/** Gives pending flags their counts, from the rows of the first snapshot. */
export const takeCounts = (draft: Draft, ports: IntentPorts, conversations: Iterable<ConversationState>): void => {
  for (const { id, row, pendingReceipts } of conversations) {
    const { muted, marked, archived } = pendingReceipts;
    if (muted && latestFlag(row.muted, muted).value !== muted.value)
      enqueueReceipts(draft, ports, id, { muted: setFlag(row.muted, muted.value) });
    // A mark and an archived flag stand at the newest known message. The first snapshot is the first to bring one. A device that lost its
    // texts reads a snapshot again: its flags stand at a message, and a later message ends them.
    if (marked?.at === 0 && (row.latestSeq > 0 || latestMark(row.marked, marked).value !== marked.value))
      enqueueReceipts(draft, ports, id, { marked: { ...marked, ...setMark(latestMark(row.marked, marked), marked.value, row.latestSeq) } });
    if (archived?.at === 0 && (row.latestSeq > 0 || archiveOf(row, archived).value !== archived.value))
      enqueueReceipts(draft, ports, id, { archived: setArchive(archiveOf(row, archived), archived.value, row.latestSeq) });
  }
};
