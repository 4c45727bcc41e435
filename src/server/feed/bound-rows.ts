/**
 * Bounds the size of rows with scattered receipts. A row carries the newest pieces of each register, and also
 * the pieces unknown to its reader. Registers merge by union, so a repeated piece changes nothing (I-2).
 */
import { type ConversationRow, MAX_RECEIPT_RANGES } from '../../model/conversation/conversation.ts';
import type { UserId } from '../../model/ids.ts';
import { intersect, NO_RANGES, type Ranges, union } from '../../model/registers/ranges.ts';
import { NO_RECEIPTS_SENT, type ReceiptKind, type ReceiptsSent } from '../../model/message/receipt.ts';
import type { Interval, ServerReadTx } from '../store/server-store.ts';

/** The reader's knowledge of the conversation before the row. */
export type Known =
  /** The reader knows nothing: the row belongs to a snapshot. */
  | { readonly before: 'nothing' }
  /** The reader knows everything before the interval: the row belongs to a pull from a cursor. */
  | { readonly before: 'interval'; readonly interval: Interval }
  /**
   * The reader knows the feed, but not the effect of the reader's own entries: the row belongs to an answer.
   */
  | { readonly before: 'entries'; readonly added: ReadonlyMap<number, ReceiptsSent> };

/** A row with all pieces of its registers. */
export interface FullRow {
  /** The conversation's number in the store. */
  readonly id: number;
  readonly row: ConversationRow;
  /** Groups: version of the newest change to the reader's own membership and receipts. */
  readonly memberVersion: number;
}

type Registers = Pick<ConversationRow, 'mine' | 'theirs' | 'present'>;

const NO_REGISTERS: Registers = { mine: NO_RECEIPTS_SENT, theirs: NO_RECEIPTS_SENT, present: NO_RANGES };
const SIDES = ['mine', 'theirs'] as const;
const KINDS: readonly ReceiptKind[] = ['delivered', 'read', 'named'];
/** The largest number of changed pieces. Above it, a pull sends all pieces of the scattered conversations. */
const MAX_CHANGED = 500;
/** Pieces in each further row of the same conversation. */
const PIECES_PER_ROW = 500;

const isScattered = ({ mine, theirs, present }: Registers): boolean =>
  present.length > MAX_RECEIPT_RANGES ||
  SIDES.some((side) => KINDS.some((kind) => ({ mine, theirs })[side][kind].length > MAX_RECEIPT_RANGES));

const mapReceipts = (receipts: ReceiptsSent, change: (ranges: Ranges, kind: ReceiptKind) => Ranges): ReceiptsSent => ({
  delivered: change(receipts.delivered, 'delivered'),
  read: change(receipts.read, 'read'),
  named: change(receipts.named, 'named'),
});

const newest = (ranges: Ranges): Ranges => ranges.slice(-MAX_RECEIPT_RANGES);

/** The row with the newest pieces of each register and with `more`. */
const cutRow = (row: ConversationRow, more: Registers): ConversationRow => ({
  ...row,
  mine: mapReceipts(row.mine, (ranges, kind) => union(newest(ranges), more.mine[kind])),
  theirs: mapReceipts(row.theirs, (ranges, kind) => union(newest(ranges), more.theirs[kind])),
  present: union(newest(row.present), more.present),
});

/** The pieces missing from a cut row, as further rows of the same conversation and version. */
const otherPieces = (row: ConversationRow): readonly ConversationRow[] => {
  const rows: ConversationRow[] = [];
  const name = (ranges: Ranges, registers: (some: Ranges) => Partial<Registers>): void => {
    for (let upTo = ranges.length - MAX_RECEIPT_RANGES; upTo > 0; upTo -= PIECES_PER_ROW) {
      const some = ranges.slice(Math.max(0, upTo - PIECES_PER_ROW), upTo);
      rows.push({
        ...row,
        lastMessage: null,
        uncounted: NO_RANGES,
        cleared: NO_RANGES,
        untold: NO_RANGES,
        ...NO_REGISTERS,
        ...registers(some),
      });
    }
  };
  for (const side of SIDES) for (const kind of KINDS) name(row[side][kind], (some) => ({ [side]: { ...NO_RECEIPTS_SENT, [kind]: some } }));
  name(row.present, (present) => ({ present }));
  return rows;
};

/** The pieces changed in the interval; `undefined` if there are too many. */
const changedIn = async (
  tx: ServerReadTx,
  me: UserId,
  rows: readonly FullRow[],
  interval: Interval,
): Promise<ReadonlyMap<number, Registers> | undefined> => {
  const pieces = await tx.changedPieces(
    rows.map(({ id }) => id),
    me,
    interval,
    MAX_CHANGED + 1,
  );
  if (pieces.length > MAX_CHANGED) return undefined;
  return new Map(
    rows.map(({ id, row, memberVersion }): [number, Registers] => {
      const of = (isMine: boolean): ReceiptsSent =>
        mapReceipts(NO_RECEIPTS_SENT, (_, kind) =>
          pieces
            .filter((piece) => piece.conversationId === id && piece.kind === kind && (piece.userId === me) === isMine)
            .reduce<Ranges>((ranges, piece) => union(ranges, [piece.range]), NO_RANGES),
        );
      // Stays in a group have no version of their own: if the reader's own row changed, all stays are sent.
      return [id, { mine: of(true), theirs: of(false), present: memberVersion > interval.after ? row.present : NO_RANGES }];
    }),
  );
};

/** The pieces named by the reader's own entries. */
const addedBy = ({ id, row }: FullRow, added: ReadonlyMap<number, ReceiptsSent>): Registers => {
  const receipts = added.get(id) ?? NO_RECEIPTS_SENT;
  return { ...NO_REGISTERS, mine: mapReceipts(row.mine, (ranges, kind) => intersect(ranges, receipts[kind])) };
};

/**
 * Makes the rows to send, in the same order. A row with at most 64 pieces in each register stays whole. In a
 * snapshot, the other pieces of a cut row follow in further rows of the same conversation.
 */
export const boundRows = async (
  tx: ServerReadTx,
  me: UserId,
  rows: readonly FullRow[],
  known: Known,
): Promise<readonly ConversationRow[]> => {
  const scattered = rows.filter(({ row }) => isScattered(row));
  if (scattered.length === 0) return rows.map(({ row }) => row);
  const isAmong = new Set(scattered);
  const changed = known.before === 'interval' ? await changedIn(tx, me, scattered, known.interval) : undefined;
  return rows.flatMap((one): readonly ConversationRow[] => {
    if (!isAmong.has(one)) return [one.row];
    if (known.before === 'entries') return [cutRow(one.row, addedBy(one, known.added))];
    const more = changed?.get(one.id);
    return more ? [cutRow(one.row, more)] : [cutRow(one.row, NO_REGISTERS), ...otherPieces(one.row)];
  });
};
