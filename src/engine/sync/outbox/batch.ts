/**
 * Chooses the entries of one `submit` frame: in order, and within the limits of the server. A waiting conversation
 * holds back no other.
 */
import { byteLength } from '../../../model/byte-length.ts';
import type { Mark } from '../../../model/registers/flag.ts';
import { type OutboxEntry, type Queue, queueOf } from '../../../model/outbox-entry.ts';
import { withoutEmpty } from '../../../model/without-empty.ts';
import type { Limits } from '../../../protocol/frames.ts';
import type { WireEntry } from '../../../protocol/submit.ts';

/** Bytes of the frame around the entries. */
const FRAME_OVERHEAD = 256;

const wireMark = ({ counted: _, ...mark }: Mark): Mark => mark;

export const wireEntry = (entry: OutboxEntry): WireEntry => {
  if (entry.kind === 'settings') return { kind: 'settings', key: entry.key, ...entry.settings };
  const { key, conversationId, cursor } = entry;
  if (entry.kind === 'message') return { kind: 'message', key, conversationId, cursor, ...entry.message };
  if (entry.kind === 'recall') return { kind: 'recall', key, conversationId, cursor, id: entry.messageId };
  const { pendingReceipts, settingsSeen } = entry;
  const { namedIds, contents, marked } = pendingReceipts;
  const lists = { namedIds: [...namedIds], contents: [...contents] };
  const registers = withoutEmpty({ ...pendingReceipts, ...lists, marked: marked && wireMark(marked), settingsSeen });
  return { kind: 'receipts', key, conversationId, cursor, ...registers };
};

/** The part of a conversation in the next frame. The entries of a conversation that joins fill the room left by the due conversations. */
export type Readiness = 'due' | 'joins' | 'waits';

/** Chooses the entries of the next frame. All entries of a conversation have the same readiness, which keeps their order. */
export const nextBatch = (
  outbox: readonly OutboxEntry[],
  limits: Pick<Limits, 'entries' | 'frameBytes'>,
  readinessOf: (queue: Queue) => Readiness,
): OutboxEntry[] => {
  const batch: OutboxEntry[] = [];
  let bytes = FRAME_OVERHEAD;
  for (const wanted of ['due', 'joins'] as const)
    for (const entry of outbox) {
      if (batch.length >= limits.entries) return batch;
      if (readinessOf(queueOf(entry)) !== wanted) continue;
      const length = byteLength(JSON.stringify(wireEntry(entry))) + 1;
      if (bytes + length > limits.frameBytes && batch.length > 0) return batch;
      bytes += length;
      batch.push(entry);
    }
  return batch;
};
