/** The reads about what counts for a reader, in the SQL store. */
import type { ServerReadTx } from '../../server-store.ts';
import type { SqlQuery } from '../driver.ts';
import { int, text } from '../rows.ts';

const UNREAD_SENDERS = `
  with place as (
    select c.id, c.first_seq from tidemark.conversation c where c.user_a = $1
    union all
    select c.id, c.first_seq from tidemark.conversation c where c.user_b = $1
    union all
    select c.id, c.first_seq from tidemark.member g join tidemark.conversation c on c.id = g.conversation_id
    where g.user_id = $1 and g.version > 0 and g.role is not null
  )
  select distinct p.id as conversation_id, m.sender_id, not coalesce(jsonb_exists(m.uncounted_for, $1), false) as counts
  from place p join tidemark.member own on own.conversation_id = p.id and own.user_id = $1
  join tidemark.message m on m.conversation_id = p.id and m.seq > greatest(
    case when (own.marked->>'value')::boolean and own.read_up_to <= (own.marked->>'at')::bigint
      then least(own.read_up_to, coalesce((own.marked->>'from')::bigint - 1, own.read_up_to)) else own.read_up_to end,
    own.joined_at, p.first_seq - 1)
  where m.sender_id <> $1 and m.countable and not m.recalled order by conversation_id, sender_id, counts`;

export const sqlCountingReads = (query: SqlQuery): Pick<ServerReadTx, 'unreadSenders' | 'countingVersions'> => ({
  unreadSenders: async (reader) =>
    (await query(UNREAD_SENDERS, [reader])).map((row) => ({
      conversationId: int(row, 'conversation_id'),
      senderId: text(row, 'sender_id'),
      counts: row['counts'] === true,
    })),
  countingVersions: async (userIds) =>
    userIds.length === 0
      ? new Map()
      : new Map(
          (
            await query(
              `select user_id, version from tidemark.counting where user_id in (select value from json_array_elements_text($1::text::json))`,
              [JSON.stringify(userIds)],
            )
          ).map((row) => [text(row, 'user_id'), int(row, 'version')]),
        ),
});
