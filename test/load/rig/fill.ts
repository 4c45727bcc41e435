/** The data at the beginning of a load, written into the tables: a history of a million messages takes a minute this way. */
import type { Pool } from 'pg';
import { ALL_ON } from '../../../src/model/message/receipt-settings.ts';
import { NOT_ARCHIVED, UNMARKED, UNSET } from '../../../src/model/registers/flag.ts';
import { sortedPair } from '../../../src/server/store/records.ts';

/** A direct chat: `from` has sent all messages, and `to` has read and received none. */
export interface Chat {
  readonly from: string;
  readonly to: string;
  readonly messages: number;
}

const FLAGS = [UNSET, UNMARKED, NOT_ARCHIVED].map((flag) => `'${JSON.stringify(flag)}'`);

/** The member rows of the conversations in `of`, without anything read. */
export const membersOf = (of: string): string => `
  insert into tidemark.member (conversation_id, user_id, joined_at, read_up_to, delivered, read, named, muted, marked, archived, untold, present,
    role, moves, version, away_since, back_since)
  select c.id, who.user_id, 0, 0, '[]', '[]', '[]', ${FLAGS.join(', ')}, '[]', '[]', 'member', 0, 0, 0, 0
  from ${of} c cross join lateral (values (c.user_a), (c.user_b)) as who(user_id)`;

/** The version of everything that this transaction writes. */
export const VERSION = `pg_current_xact_id()::text::bigint`;

const FILL = `
  with wanted as (
    select * from json_to_recordset($1::text::json) as w(a text, b text, sender text, messages bigint)
  ), made as (
    insert into tidemark.conversation (user_a, user_b, latest_seq, first_seq, version_a, version_b)
    select a, b, messages, 1, ${VERSION}, ${VERSION} from wanted returning id, user_a, user_b, latest_seq
  ), members as (${membersOf('made')})
  insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, version)
  select made.id, seq, 'm' || made.id || '-' || seq, w.sender, (extract(epoch from now()) * 1000)::bigint - (made.latest_seq - seq) * 1000,
    '"a message of the usual length, as people write them"', true, true, false, ${VERSION}
  from made join wanted w on w.a = made.user_a and w.b = made.user_b cross join lateral generate_series(1, made.latest_seq) as seq`;

export const query = async <Row = Record<string, unknown>>(pool: Pool, text: string, values: unknown[] = []): Promise<readonly Row[]> => {
  const client = await pool.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    client.release();
  }
};

/** Writes the chats. The database then knows the sizes of its tables, as it does in use. */
export const fillChats = async (pool: Pool, chats: readonly Chat[]): Promise<void> => {
  for (let at = 0; at < chats.length; at += 5000) {
    const some = chats.slice(at, at + 5000).map(({ from, to, messages }) => {
      const [a, b] = sortedPair(from, to);
      return { a, b, sender: from, messages };
    });
    await query(pool, FILL, [JSON.stringify(some)]);
  }
  await settle(pool);
};

export const accountsOf = (users: string): string => `
  insert into tidemark.account (user_id, delivery_receipts, read_receipts, version)
  select user_id, '${JSON.stringify(ALL_ON.deliveryReceipts)}', '${JSON.stringify(ALL_ON.readReceipts)}', ${VERSION} from ${users}`;

/** No work of the filling is left for the time of the measurement. */
export const settle = async (pool: Pool): Promise<void> => {
  await query(pool, 'vacuum analyze');
  await query(pool, 'checkpoint');
};
