/**
 * Splits an entry with more receipts than a frame takes into parts, one after the other: only the parts of the next frame become
 * entries of their own. The rest stays a single unsent entry, so newer receipts still merge into it (I-22).
 */
import { byteLength } from '../../../model/byte-length.ts';
import {
  isNothingPending,
  mergePendingReceipts,
  NO_PENDING_RECEIPTS,
  type OutboxEntry,
  type PendingReceipts,
  type ReceiptsEntry,
} from '../../../model/outbox-entry.ts';
import type { AckContent } from '../../../model/message/receipt.ts';

/** A range takes about 30 bytes, so an entry with this many ranges fits a frame. */
const MAX_RANGES = 1000;
const MAX_IDS = 200;

/** What stays untold comes before the receipts that may not name it. */
const REGISTERS = ['cleared', 'untold', 'read', 'delivered', 'named'] as const;

const chunks = <T>(list: readonly T[], length: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(i * length, (i + 1) * length));

/** Splits the contents of read receipts into parts of at most `maxBytes`. A part with a single content may be longer. */
const chunksOfText = (contents: readonly AckContent[], maxBytes: number): AckContent[][] => {
  const parts: AckContent[][] = [];
  let room = 0;
  for (const content of contents) {
    // The id is counted twice: a receipt with a content is also in `namedIds` of the same part, so that neither arrives without the other.
    const length = byteLength(JSON.stringify([content, content.id]));
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
  const { marked } = pendingReceipts;
  const texts = chunksOfText(pendingReceipts.contents, Math.floor(frameBytes / 8));
  const isShort =
    (marked?.cleared?.length ?? 0) <= MAX_RANGES && REGISTERS.every((register) => pendingReceipts[register].length <= MAX_RANGES);
  if (isShort && pendingReceipts.namedIds.length <= MAX_IDS && texts.length <= 1) return [entry];
  // Contents come first: the server ignores a content if the plain receipt of the same message came before.
  const parts: PendingReceipts[] = texts.map((contents) => ({ ...NO_PENDING_RECEIPTS, contents, namedIds: contents.map(({ id }) => id) }));
  const plain = marked && { ...marked, cleared: undefined };
  parts.push({
    ...pendingReceipts,
    marked: plain,
    cleared: [],
    read: [],
    delivered: [],
    named: [],
    namedIds: [],
    contents: [],
    untold: [],
  });
  for (const register of REGISTERS)
    for (const ranges of chunks(pendingReceipts[register], MAX_RANGES)) parts.push({ ...NO_PENDING_RECEIPTS, [register]: ranges });
  for (const cleared of chunks(marked?.cleared ?? [], MAX_RANGES)) parts.push({ ...NO_PENDING_RECEIPTS, marked: { ...marked!, cleared } });
  const withContent = new Set(pendingReceipts.contents.map(({ id }) => id));
  for (const namedIds of chunks(
    pendingReceipts.namedIds.filter((id) => !withContent.has(id)),
    MAX_IDS,
  ))
    parts.push({ ...NO_PENDING_RECEIPTS, namedIds });
  return parts.filter((part) => !isNothingPending(part)).map((part) => ({ ...entry, key: newKey(), pendingReceipts: part }));
};

/** The entries of the outbox as a frame can take them. */
export interface SplitOutbox {
  /** The parts of split entries are at the end. */
  readonly entries: readonly OutboxEntry[];
  readonly split: ReadonlyMap<ReceiptsEntry, readonly ReceiptsEntry[]>;
}

export const splitLong = (outbox: readonly OutboxEntry[], newKey: () => string, frameBytes: number): SplitOutbox => {
  const entries: OutboxEntry[] = [];
  const split = new Map<ReceiptsEntry, readonly ReceiptsEntry[]>();
  for (const entry of outbox) {
    if (entry.kind !== 'receipts' || entry.sent) {
      entries.push(entry);
      continue;
    }
    const parts = splitEntry(entry, newKey, frameBytes);
    if (parts.length > 1) split.set(entry, parts);
    else entries.push(entry);
  }
  return { entries: [...entries, ...[...split.values()].flat()], split };
};

/** The chosen parts, and the other parts as a single entry. */
export const joinRest = (parts: readonly ReceiptsEntry[], chosen: readonly OutboxEntry[]): readonly ReceiptsEntry[] => {
  const rest = parts.filter((part) => !chosen.includes(part));
  const pendingReceipts = rest.map((part) => part.pendingReceipts).reduce(mergePendingReceipts, NO_PENDING_RECEIPTS);
  return [...parts.filter((part) => chosen.includes(part)), ...rest.slice(0, 1).map((part) => ({ ...part, pendingReceipts }))];
};
