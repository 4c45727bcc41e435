/** The reads about messages that have ended, or are about to, in the SQL store. */
import type { RetentionReads } from '../../retention-reads.ts';
import type { SqlQuery } from '../driver.ts';
import { int, memberOf, text } from '../rows.ts';

const ENDED = `
  select id, conversation_id, seq, sender_id, sent_at from tidemark.ended_message
  where id in (select value from json_array_elements_text($1::text::json))`;

const FIRST_SINCE = `
  select w.i, first.seq from json_to_recordset($1::text::json) as w(i int, c bigint, f bigint, u bigint)
  cross join lateral (
    select m.seq from tidemark.message m where m.conversation_id = w.c and m.seq between w.f and w.u and m.sent_at >= $2
    order by m.seq limit 1
  ) first`;

// A walk in the order of the ids needs no index of times on the largest table.
const TO_END = `
  select c.id, c.latest_seq - c.first_seq + 1 > $4 or exists (
    select from tidemark.message m where m.conversation_id = c.id and m.seq = c.first_seq and m.sent_at < $3
  ) as is_due
  from (select * from tidemark.conversation where id > $1 order by id limit $2) c order by c.id`;

const ARCHIVED = `
  select * from tidemark.member
  where conversation_id in (select value::bigint from json_array_elements_text($1::text::json)) and (archived->>'value')::boolean`;

export const sqlRetentionReads = (query: SqlQuery): RetentionReads => ({
  endedMessages: async (ids) =>
    ids.length === 0
      ? []
      : (await query(ENDED, [JSON.stringify(ids)])).map((row) => ({
          id: text(row, 'id'),
          conversationId: int(row, 'conversation_id'),
          seq: int(row, 'seq'),
          senderId: text(row, 'sender_id'),
          sentAt: int(row, 'sent_at'),
        })),
  firstSince: async (at, ranges) => {
    if (ranges.length === 0) return [];
    const wanted = ranges.map(({ conversationId: c, range: [f, u] }, i) => ({ i, c, f, u }));
    const found = new Map((await query(FIRST_SINCE, [JSON.stringify(wanted), at])).map((row) => [int(row, 'i'), int(row, 'seq')]));
    return ranges.map((_, i) => found.get(i) ?? 0);
  },
  toEnd: async (after, limit, { before, most }) =>
    (await query(TO_END, [after, limit, before ?? 0, most ?? Number.MAX_SAFE_INTEGER])).map((row) => ({
      id: int(row, 'id'),
      isDue: row['is_due'] === true,
    })),
  archivedMembers: async (ids) => (ids.length === 0 ? [] : (await query(ARCHIVED, [JSON.stringify(ids)])).map(memberOf)),
});
