/** What goes into one frame: entries in order, within the limits the server told, one conversation's trouble holding back no other. */
import type { ConversationId } from '../../model/ids.ts';
import type { Flag, Mark } from '../../model/flag.ts';
import { isNothingOwed, NOTHING_OWED, type OutboxEntry, type Owed, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import type { Ranges } from '../../model/ranges.ts';
import type { Limits } from '../../protocol/frames.ts';
import type { WireEntry } from '../../protocol/submit.ts';

/** Room for the frame around the entries. */
const FRAME_OVERHEAD = 256;
/** As many as fit one entry comfortably: about 30 bytes each. */
const MAX_RANGES = 1000;
const MAX_IDS = 200;

const encoder = new TextEncoder();

export const wireEntry = (entry: OutboxEntry): WireEntry => {
  const { key, conversationId, cursor } = entry;
  if (entry.kind === 'message') return { kind: 'message', key, conversationId, cursor, ...entry.message };
  if (entry.kind === 'recall') return { kind: 'recall', key, conversationId, cursor, id: entry.messageId };
  const { position, read, delivered, acked, ackedIds, muted, marked } = entry.owed;
  return {
    kind: 'receipts',
    key,
    conversationId,
    cursor,
    ...(position > 0 ? { position } : {}),
    ...(read.length > 0 ? { read } : {}),
    ...(delivered.length > 0 ? { delivered } : {}),
    ...(acked.length > 0 ? { acked } : {}),
    ...(ackedIds.length > 0 ? { ackedIds: [...ackedIds] } : {}),
    ...(muted ? { muted: muted satisfies Flag } : {}),
    ...(marked ? { marked: marked satisfies Mark } : {}),
  };
};

const chunks = <T>(list: readonly T[], length: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(i * length, (i + 1) * length));

/** An entry that owes more than a frame takes, as several. One that fits comes back as it is. */
export const splitEntry = (entry: ReceiptsEntry, newKey: () => string): readonly ReceiptsEntry[] => {
  const { owed } = entry;
  const lists: Pick<Owed, 'read' | 'delivered' | 'acked'> = owed;
  const fits = (ranges: Ranges): boolean => ranges.length <= MAX_RANGES;
  if (fits(lists.read) && fits(lists.delivered) && fits(lists.acked) && owed.ackedIds.length <= MAX_IDS) return [entry];
  const parts: Owed[] = [{ ...owed, read: [], delivered: [], acked: [], ackedIds: [] }];
  for (const register of ['read', 'delivered', 'acked'] as const)
    for (const ranges of chunks(lists[register], MAX_RANGES)) parts.push({ ...NOTHING_OWED, [register]: ranges });
  for (const ackedIds of chunks(owed.ackedIds, MAX_IDS)) parts.push({ ...NOTHING_OWED, ackedIds });
  return parts.filter((part) => !isNothingOwed(part)).map((part) => ({ ...entry, key: newKey(), owed: part }));
};

/** The entries of the next frame. What is held back, or comes after something held back in its conversation, waits. */
export const nextBatch = (
  outbox: Iterable<OutboxEntry>,
  limits: Pick<Limits, 'entries' | 'frameBytes'>,
  isHeldBack: (conversationId: ConversationId) => boolean,
): OutboxEntry[] => {
  const batch: OutboxEntry[] = [];
  let bytes = FRAME_OVERHEAD;
  for (const entry of outbox) {
    if (batch.length >= limits.entries) break;
    if (isHeldBack(entry.conversationId)) continue;
    const length = encoder.encode(JSON.stringify(wireEntry(entry))).length + 1;
    if (bytes + length > limits.frameBytes && batch.length > 0) break;
    bytes += length;
    batch.push(entry);
  }
  return batch;
};
