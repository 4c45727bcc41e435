/**
 * Chooses the entries of one `submit` frame: in order, and within the limits of the server. A waiting conversation
 * holds back no other.
 */
import type { Archive, Flag, Mark } from '../../../model/flag.ts';
import {
  isNothingPending,
  NO_PENDING_RECEIPTS,
  type OutboxEntry,
  type PendingReceipts,
  type Queue,
  queueOf,
  type ReceiptsEntry,
} from '../../../model/outbox-entry.ts';
import type { AckContent } from '../../../model/receipt.ts';
import type { Limits } from '../../../protocol/frames.ts';
import type { WireEntry } from '../../../protocol/submit.ts';

/** Bytes of the frame around the entries. */
const FRAME_OVERHEAD = 256;
/** A range takes about 30 bytes, so an entry with this many ranges fits a frame. */
const MAX_RANGES = 1000;
const MAX_IDS = 200;

/** What stays untold comes before the receipts that may not name it. */
const REGISTERS = ['cleared', 'untold', 'read', 'delivered', 'named'] as const;

const encoder = new TextEncoder();

const wireMark = ({ count, value, at, from }: Mark): Mark => ({ count, value, at, ...(from === undefined ? {} : { from }) });

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

const chunks = <T>(list: readonly T[], length: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(i * length, (i + 1) * length));

/** Splits the contents of read receipts into parts of at most `maxBytes`. A part with a single content may be longer. */
const chunksOfText = (contents: readonly AckContent[], maxBytes: number): AckContent[][] => {
  const parts: AckContent[][] = [];
  let room = 0;
  for (const content of contents) {
    // The id is counted twice: a receipt with a content is also in `namedIds` of the same part, so that neither arrives without the other.
    const length = encoder.encode(JSON.stringify([content, content.id])).length;
    if (length > room || parts[parts.length - 1]!.length === MAX_IDS) {
      parts.push([]);
      room = maxBytes;
    }
    parts[parts.length - 1]!.push(content);
    room -= length;
  }
  return parts;
};

/** Splits an entry with more receipts than a frame takes into several entries. An entry that fits is returned unchanged. */
export const splitEntry = (entry: ReceiptsEntry, newKey: () => string, frameBytes: number): readonly ReceiptsEntry[] => {
  const { pendingReceipts } = entry;
  const texts = chunksOfText(pendingReceipts.contents, Math.floor(frameBytes / 8));
  const isShort = REGISTERS.every((register) => pendingReceipts[register].length <= MAX_RANGES);
  if (isShort && pendingReceipts.namedIds.length <= MAX_IDS && texts.length <= 1) return [entry];
  // Contents come first: the server ignores a content if the plain receipt of the same message came before.
  const parts: PendingReceipts[] = texts.map((contents) => ({ ...NO_PENDING_RECEIPTS, contents, namedIds: contents.map(({ id }) => id) }));
  parts.push({ ...pendingReceipts, cleared: [], read: [], delivered: [], named: [], namedIds: [], contents: [], untold: [] });
  for (const register of REGISTERS)
    for (const ranges of chunks(pendingReceipts[register], MAX_RANGES)) parts.push({ ...NO_PENDING_RECEIPTS, [register]: ranges });
  const withContent = new Set(pendingReceipts.contents.map(({ id }) => id));
  for (const namedIds of chunks(
    pendingReceipts.namedIds.filter((id) => !withContent.has(id)),
    MAX_IDS,
  ))
    parts.push({ ...NO_PENDING_RECEIPTS, namedIds });
  return parts.filter((part) => !isNothingPending(part)).map((part) => ({ ...entry, key: newKey(), pendingReceipts: part }));
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
      const length = encoder.encode(JSON.stringify(wireEntry(entry))).length + 1;
      if (bytes + length > limits.frameBytes && batch.length > 0) return batch;
      bytes += length;
      batch.push(entry);
    }
  return batch;
};
