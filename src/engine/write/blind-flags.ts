/**
 * Flags of conversations, set before the device knows what the server has. A change of a flag takes the highest count seen plus one, so
 * such a flag waits in the outbox for the first snapshot and takes its count from the row there.
 */
import { latestFlag, setFlag, setMark } from '../../model/flag.ts';
import type { OutboxEntry } from '../../model/outbox-entry.ts';
import type { Draft } from './draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { type IntentPorts, enqueueReceipts } from './enqueue.ts';

/** Whether the server's flags of this conversation may differ from what this device has seen. */
export const isBlind = (model: AccountState, conversation: ConversationState | undefined): boolean =>
  model.cursor === null && conversation?.isKnown !== true;

/** Sent before the first snapshot, its count might be too low to win. */
export const awaitsSnapshot = (model: AccountState, entry: OutboxEntry): boolean =>
  model.cursor === null && entry.kind === 'receipts' && Boolean(entry.pendingReceipts.muted ?? entry.pendingReceipts.marked);

/** What may be sent now, oldest first: what waits for the first snapshot holds back what was written after it in its conversation (I-8). */
export const sendable = (model: AccountState): OutboxEntry[] => {
  const waiting = new Set<string>();
  return [...model.outbox.values()].filter((entry) => {
    if (awaitsSnapshot(model, entry)) waiting.add(entry.conversationId);
    return !waiting.has(entry.conversationId);
  });
};

/** The rows are there: pending flags take their place above them. */
export const takeCounts = (draft: Draft, ports: IntentPorts, conversations: Iterable<ConversationState>): void => {
  for (const { id, row, pendingReceipts } of conversations) {
    const { muted, marked } = pendingReceipts;
    if (muted && latestFlag(row.muted, muted).value !== muted.value)
      enqueueReceipts(draft, ports, id, { muted: setFlag(row.muted, muted.value) });
    // A mark stands at the newest message known: only now is one known.
    if (marked && (row.latestSeq > marked.at || latestFlag(row.marked, marked).value !== marked.value))
      enqueueReceipts(draft, ports, id, { marked: setMark(latestFlag(row.marked, marked), marked.value, row.latestSeq) });
  }
};
