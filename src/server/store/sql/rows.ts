/** Turns the rows of the tables into the records of `server-store.ts`. */
import type { ReadBy } from '../../../model/conversation/conversation.ts';
import type { Archive, Flag, Mark } from '../../../model/registers/flag.ts';
import type { Mentions } from '../../../model/message/mentions.ts';
import type { Ranges } from '../../../model/registers/ranges.ts';
import type { ReceiptKind } from '../../../model/message/receipt.ts';
import type { AckRecord, ReceiptRecord } from '../receipt-records.ts';
import type {
  AccountRecord,
  ConversationNames,
  ConversationRecord,
  MemberRecord,
  MessageRecord,
  Role,
  RunRecord,
  StepRecord,
} from '../records.ts';
import type { SqlRow } from './driver.ts';

/**
 * A column of type `bigint`. Drivers return number, string or BigInt; all values of these tables are safe
 * integers.
 */
export const int = (row: SqlRow, name: string): number => Number(row[name]);
export const text = (row: SqlRow, name: string): string => String(row[name]);
export const textOrNull = (row: SqlRow, name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
const json = (row: SqlRow, name: string): unknown => {
  const value = row[name];
  return typeof value === 'string' ? JSON.parse(value) : value;
};

/**
 * Selects a column of text that users wrote; {@link writtenIn} reads the column. PGlite's driver drops a
 * leading U+FEFF as a byte order mark, and other drivers may, so the statement puts another character in
 * front. Columns of ids need no such character: ids contain no U+FEFF.
 */
export const written = (column: string): string => `'=' || ${column}`;
const writtenIn = (row: SqlRow, name: string): string => text(row, name).slice(1);
/** As {@link writtenIn}, for a column that may be null. */
export const writtenOrNull = (row: SqlRow, name: string): string | null => (row[name] === null ? null : writtenIn(row, name));

/**
 * The columns that {@link messageOf} reads, with `body` as the expression for the body. `m` names the table.
 */
export const messageWith = (body: string): string =>
  `m.conversation_id, m.seq, m.id, m.sender_id, m.sent_at, ${written(body)} as written_body, m.receipt_requested, m.countable, m.recalled,
  m.mentions::text as mentions_text, m.uncounted_for, m.version`;

export const MESSAGE = messageWith('m.body');

const ACK_FACTS = `a.conversation_id, a.seq, a.user_id, a.at, ${written('a.content')} as written_content`;
/** The columns that {@link ackOf} reads. `a` names the table. */
export const ACK = `${ACK_FACTS}, a.version`;
/** The same columns with another version. */
export const ackOfVersion = (version: string): string => `${ACK_FACTS}, ${version} as version`;

/** The columns that {@link namesOf} reads. `c` names the table. */
export const NAMES = 'c.group_id, c.user_a, c.user_b';
export const namesOf = (row: SqlRow): ConversationNames => {
  const groupId = textOrNull(row, 'group_id');
  return groupId === null ? { groupId, userA: text(row, 'user_a'), userB: text(row, 'user_b') } : { groupId, userA: null, userB: null };
};

export const conversationOf = (row: SqlRow): ConversationRecord => {
  const state = { id: int(row, 'id'), latestSeq: int(row, 'latest_seq'), firstSeq: int(row, 'first_seq') };
  const names = namesOf(row);
  return names.groupId === null
    ? { ...state, ...names, versionA: int(row, 'version_a'), versionB: int(row, 'version_b') }
    : { ...state, ...names, version: int(row, 'version') };
};

export const memberOf = (row: SqlRow): MemberRecord => ({
  conversationId: int(row, 'conversation_id'),
  userId: text(row, 'user_id'),
  joinedAt: int(row, 'joined_at'),
  readUpTo: int(row, 'read_up_to'),
  readBy: json(row, 'read_by') as ReadBy | null,
  cleared: json(row, 'cleared') as Ranges,
  delivered: json(row, 'delivered') as Ranges,
  read: json(row, 'read') as Ranges,
  named: json(row, 'named') as Ranges,
  muted: json(row, 'muted') as Flag,
  marked: json(row, 'marked') as Mark,
  untold: json(row, 'untold') as Ranges,
  archived: json(row, 'archived') as Archive,
  present: json(row, 'present') as Ranges,
  role: textOrNull(row, 'role') as Role | null,
  moves: int(row, 'moves'),
  version: int(row, 'version'),
  awaySince: int(row, 'away_since'),
  backSince: int(row, 'back_since'),
});

export const accountOf = (row: SqlRow): AccountRecord => ({
  userId: text(row, 'user_id'),
  deliveryReceipts: json(row, 'delivery_receipts') as Flag,
  readReceipts: json(row, 'read_receipts') as Flag,
  version: int(row, 'version'),
});

export const messageOf = (row: SqlRow): MessageRecord => ({
  conversationId: int(row, 'conversation_id'),
  seq: int(row, 'seq'),
  id: text(row, 'id'),
  senderId: text(row, 'sender_id'),
  sentAt: int(row, 'sent_at'),
  body: writtenIn(row, 'written_body'),
  receiptRequested: row['receipt_requested'] === true,
  countable: row['countable'] === true,
  recalled: row['recalled'] === true,
  // As text, because the drivers disagree about a value that is a JSON text.
  uncountedFor: (json(row, 'uncounted_for') ?? []) as string[],
  mentions: JSON.parse(textOrNull(row, 'mentions_text') ?? 'null') as Mentions | null,
  version: int(row, 'version'),
});

export const stepOf = (row: SqlRow): StepRecord => ({
  conversationId: int(row, 'conversation_id'),
  userId: text(row, 'user_id'),
  kind: text(row, 'kind') as ReceiptKind,
  range: [int(row, 'from_seq'), int(row, 'up_to')],
  at: int(row, 'at'),
  version: int(row, 'version'),
});

export const receiptOf = (row: SqlRow): ReceiptRecord => ({
  conversationId: int(row, 'conversation_id'),
  seq: int(row, 'seq'),
  senderId: text(row, 'sender_id'),
  memberCount: int(row, 'member_count'),
  expiresAt: int(row, 'expires_at'),
  expired: row['expired'] === true,
  expiryPending: row['open'] === true,
  version: int(row, 'version'),
});

export const ackOf = (row: SqlRow): AckRecord => ({
  conversationId: int(row, 'conversation_id'),
  seq: int(row, 'seq'),
  userId: text(row, 'user_id'),
  at: int(row, 'at'),
  content: writtenOrNull(row, 'written_content'),
  version: int(row, 'version'),
});

export const runOf = (row: SqlRow): RunRecord => ({
  number: int(row, 'number'),
  id: text(row, 'id'),
  beganAt: int(row, 'began_at'),
  fromCopy: row['from_copy'] === true,
});
