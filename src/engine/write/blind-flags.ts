/**
 * Flags of conversations, set before the device knows what the server has. A change of a flag takes the highest count seen plus one, so
 * such a flag waits in the outbox for the first snapshot and takes its count from the row there.
 */
import { latestFlag, setFlag, setMark } from '../../model/flag.ts';
import type { OutboxEntry } from '../../model/outbox-entry.ts';
import type { Draft } from './draft.ts';
import type { HotConversation } from '../state/conversation-state.ts';
import type { HotModel } from '../state/account-state.ts';
import { type IntentPorts, owe } from './enqueue.ts';

/** Whether the server's flags of this conversation may differ from what this device has seen. */
export const isBlind = (model: HotModel, conversation: HotConversation | undefined): boolean =>
  model.cursor === null && conversation?.isKnown !== true;

/** Sent before the first snapshot, its count might be too low to win. */
export const awaitsSnapshot = (model: HotModel, entry: OutboxEntry): boolean =>
  model.cursor === null && entry.kind === 'receipts' && Boolean(entry.owed.muted ?? entry.owed.marked);

/** What may be sent now, oldest first: what waits for the first snapshot holds back what was written after it in its conversation (I-8). */
export const sendable = (model: HotModel): OutboxEntry[] => {
  const waiting = new Set<string>();
  return [...model.outbox.values()].filter((entry) => {
    if (awaitsSnapshot(model, entry)) waiting.add(entry.conversationId);
    return !waiting.has(entry.conversationId);
  });
};

/** The rows are there: pending flags take their place above them. */
export const takeCounts = (draft: Draft, ports: IntentPorts, conversations: Iterable<HotConversation>): void => {
  for (const { id, row, owed } of conversations) {
    const { muted, marked } = owed;
    if (muted && latestFlag(row.muted, muted).value !== muted.value) owe(draft, ports, id, { muted: setFlag(row.muted, muted.value) });
    // A mark stands at the newest message known: only now is one known.
    if (marked && (row.latestSeq > marked.at || latestFlag(row.marked, marked).value !== marked.value))
      owe(draft, ports, id, { marked: setMark(latestFlag(row.marked, marked), marked.value, row.latestSeq) });
  }
};
