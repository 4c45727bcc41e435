/**
 * Chooses the entries of one `submit` frame: in order, and within the limits of the server. A waiting conversation
 * holds back no other.
 */
import { byteLength } from '../../../model/byte-length.ts';
import type { Archive, Flag, Mark } from '../../../model/registers/flag.ts';
import { type OutboxEntry, type Queue, queueOf } from '../../../model/outbox-entry.ts';
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
  const { position, cleared, read, delivered, named, namedIds, contents, muted, marked, archived, untold } = entry.pendingReceipts;
  const { settingsSeen } = entry;
  return {
    kind: 'receipts',
    key,
    conversationId,
    cursor,
    ...(position > 0 ? { position } : {}),
    ...(cleared.length > 0 ? { cleared } : {}),
    ...(read.length > 0 ? { read } : {}),
    ...(delivered.length > 0 ? { delivered } : {}),
    ...(named.length > 0 ? { named } : {}),
    ...(namedIds.length > 0 ? { namedIds: [...namedIds] } : {}),
    ...(contents.length > 0 ? { contents: [...contents] } : {}),
    ...(muted ? { muted: muted satisfies Flag } : {}),
    ...(marked ? { marked: wireMark(marked) } : {}),
    ...(untold.length > 0 ? { untold } : {}),
    ...(settingsSeen && settingsSeen.deliveryReceipts + settingsSeen.readReceipts > 0 ? { settingsSeen } : {}),
    ...(archived ? { archived: archived satisfies Archive } : {}),
  };
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
