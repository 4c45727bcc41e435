/** The reads of group receipts in the SQL store. */
import type { MessageKey, ConversationRange } from '../../records.ts';
import type { ServerReadTx } from '../../server-store.ts';
import type { SqlQuery } from '../driver.ts';
import { ACK, ackOf, ackOfVersion, int, receiptOf, text } from '../rows.ts';

/** The ranges as one parameter: rows `w(c, f, u)` of conversation, first and last seq. */
export const rangesParam = (ranges: readonly ConversationRange[]): string =>
  JSON.stringify(ranges.map(({ conversationId: c, range: [f, u] }) => ({ c, f, u })));

const keysParam = (keys: readonly MessageKey[]): string => JSON.stringify(keys.map(({ conversationId: c, seq }) => ({ c, seq })));

const RECEIPTS_IN = `
  select r.* from json_to_recordset($1::text::json) as w(c bigint, f bigint, u bigint)
  join tidemark.receipt r on r.conversation_id = w.c and r.seq between w.f and w.u order by r.conversation_id, r.seq`;

const READ_COUNTS = `
  select a.conversation_id, a.seq, count(*) as read_count from json_to_recordset($1::text::json) as w(c bigint, seq bigint)
  join tidemark.ack a on a.conversation_id = w.c and a.seq = w.seq group by a.conversation_id, a.seq`;

/**
 * The part of the interval `$2`, `$3` whose changes in a group the feed sends to the member `mine`; see
 * `visibleInterval` of the memory store.
 */
export const VISIBLE_AFTER = `case when mine.role is not null and mine.back_since > $2 and mine.back_since <= $3 then least(mine.away_since, $2) else $2 end`;
export const VISIBLE_UP_TO = `case when mine.role is null then least(case when mine.moves = 0 then 0 else mine.version end, $3) else $3 end`;

const CHANGED_RECEIPTS = `
  select r.conversation_id, r.seq, r.sender_id, r.member_count, r.expires_at, r.expired, r.open,
    case when r.version > $2 then r.version else mine.back_since end as version
  from tidemark.member mine
  join tidemark.receipt r on r.conversation_id = mine.conversation_id and r.version > ${VISIBLE_AFTER} and r.version <= ${VISIBLE_UP_TO}
  where mine.user_id = $1 and mine.version > 0 and (r.sender_id = $1 or r.expired or $5::text = 'true')
  order by version fetch first ($4) rows with ties`;

/** Group, message id and readers of changed receipts. The store asks this only if a receipt changed. */
const FEED_DETAILS = `
  select w.c as conversation_id, w.seq, c.group_id, m.id as message_id,
    (select count(*) from tidemark.ack a where a.conversation_id = w.c and a.seq = w.seq and a.version <= $2) as read_count
  from json_to_recordset($1::text::json) as w(c bigint, seq bigint)
  join tidemark.conversation c on c.id = w.c
  join tidemark.message m on m.conversation_id = w.c and m.seq = w.seq`;

// A reader raises the version of the message's record, so a record with an older version has no reader in the interval.
const ADDED_READERS = `
  select ${ackOfVersion('case when a.version > $2 then a.version else mine.back_since end')},
    r.sender_id, r.member_count, r.expired, c.group_id, m.id as message_id,
    (select count(*) from tidemark.ack b where b.conversation_id = a.conversation_id and b.seq = a.seq and b.version <= a.version) as read_count
  from tidemark.member mine
  join tidemark.conversation c on c.id = mine.conversation_id and c.group_id is not null
  join tidemark.receipt r on r.conversation_id = mine.conversation_id and r.version > ${VISIBLE_AFTER}
  join tidemark.ack a on a.conversation_id = r.conversation_id and a.seq = r.seq
    and a.version > ${VISIBLE_AFTER} and a.version <= ${VISIBLE_UP_TO}
  join tidemark.message m on m.conversation_id = r.conversation_id and m.seq = r.seq
  where mine.user_id = $1 and mine.version > 0 and (r.sender_id = $1 or $5::text = 'true')
  order by version fetch first ($4) rows with ties`;

const READERS = `
  select ${ACK} from tidemark.ack a where conversation_id = $1 and seq = $2 and (at, user_id) > ($3::bigint, $4::text collate "C")
  order by at, user_id limit $5`;

const NON_READERS = `
  select m.user_id from tidemark.member m
  where m.conversation_id = $1 and m.user_id <> $3 and m.user_id > $4
    and exists (select 1 from jsonb_array_elements(m.present) as one where $2 between (one->>0)::bigint and (one->>1)::bigint)
    and not exists (select 1 from tidemark.ack a where a.conversation_id = $1 and a.seq = $2 and a.user_id = m.user_id)
  order by m.user_id limit $5`;

const DUE = `select * from tidemark.receipt where open and expires_at < $1 order by expires_at, conversation_id, seq limit $2`;

type ReceiptReads = Pick<
  ServerReadTx,
  'receiptsIn' | 'readCounts' | 'changedReceipts' | 'addedReaders' | 'readers' | 'nonReaders' | 'dueReceipts' | 'hasOpenReceipts'
>;

export const sqlReceiptReads = (query: SqlQuery): ReceiptReads => ({
  receiptsIn: async (ranges) => (ranges.length === 0 ? [] : (await query(RECEIPTS_IN, [rangesParam(ranges)])).map(receiptOf)),
  readCounts: async (keys) =>
    keys.length === 0
      ? []
      : (await query(READ_COUNTS, [keysParam(keys)])).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          seq: int(row, 'seq'),
          readCount: int(row, 'read_count'),
        })),
  changedReceipts: async (me, ofAllSenders, { after, upTo }, atLeast) => {
    const changed = (await query(CHANGED_RECEIPTS, [me, after, upTo, atLeast, String(ofAllSenders)])).map(receiptOf);
    if (changed.length === 0) return [];
    const rows = await query(FEED_DETAILS, [keysParam(changed), upTo]);
    const details = new Map(rows.map((row) => [`${int(row, 'conversation_id')} ${int(row, 'seq')}`, row]));
    return changed
      .map((receipt) => {
        const row = details.get(`${receipt.conversationId} ${receipt.seq}`)!;
        return {
          ...receipt,
          groupId: text(row, 'group_id'),
          messageId: text(row, 'message_id'),
          readCount: int(row, 'read_count'),
        };
      })
      .sort((a, b) => a.version - b.version || a.conversationId - b.conversationId || a.seq - b.seq);
  },
  addedReaders: async (me, ofAllSenders, { after, upTo }, atLeast) =>
    (await query(ADDED_READERS, [me, after, upTo, atLeast, String(ofAllSenders)]))
      .map((row) => ({
        ...ackOf(row),
        senderId: text(row, 'sender_id'),
        memberCount: int(row, 'member_count'),
        expired: row['expired'] === true,
        groupId: text(row, 'group_id'),
        messageId: text(row, 'message_id'),
        readCount: int(row, 'read_count'),
      }))
      .sort((a, b) => a.version - b.version || a.conversationId - b.conversationId || a.seq - b.seq || (a.userId < b.userId ? -1 : 1)),
  readers: async ({ conversationId, seq }, after, limit) =>
    (await query(READERS, [conversationId, seq, after?.at ?? -1, after?.userId ?? '', limit])).map(ackOf),
  nonReaders: async ({ conversationId, seq }, senderId, after, limit) =>
    (await query(NON_READERS, [conversationId, seq, senderId, after ?? '', limit])).map((row) => text(row, 'user_id')),
  dueReceipts: async (now, limit) => (await query(DUE, [now, limit])).map(receiptOf),
  hasOpenReceipts: async () => (await query(`select 1 from tidemark.receipt where open limit 1`)).length > 0,
});
