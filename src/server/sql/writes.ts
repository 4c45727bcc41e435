/** The writing half of the SQL store: one statement per kind of row, whatever their number. */
import { UNMARKED, UNSET } from '../../model/flag.ts';
import type { ServerReadTx, ServerTx } from '../server-store.ts';
import type { SqlQuery } from './driver.ts';
import { conversationOf, CONVERSATIONS, pairsOf } from './reads.ts';

// In the order of the names, so that two who make the same pairs at once wait for each other in one direction only.
const CREATE = `
  with made as (
    insert into tidemark.conversation (user_a, user_b, latest_seq, first_seq, version)
    select w.a, w.b, 0, 1, $2 from json_to_recordset($1::text::json) as w(a text collate "C", b text collate "C") order by w.a, w.b
    on conflict do nothing returning id, user_a, user_b
  )
  insert into tidemark.member (conversation_id, user_id, joined_at, read_up_to, delivered, read, acked, muted, marked)
  select made.id, who.user_id, 0, 0, '[]', '[]', '[]', $3::text::jsonb, $4::text::jsonb
  from made cross join lateral (values (made.user_a), (made.user_b)) as who(user_id)`;

const PUT_CONVERSATIONS = `
  update tidemark.conversation c set latest_seq = w."latestSeq", first_seq = w."firstSeq", version = w.version
  from json_to_recordset($1::text::json) as w(id bigint, "latestSeq" bigint, "firstSeq" bigint, version bigint) where c.id = w.id`;

const PUT_MEMBERS = `
  update tidemark.member m set joined_at = w."joinedAt", read_up_to = w."readUpTo", read_by = w."readBy", delivered = w.delivered, read = w.read,
    acked = w.acked, muted = w.muted, marked = w.marked
  from json_to_recordset($1::text::json) as w("conversationId" bigint, "userId" text, "joinedAt" bigint, "readUpTo" bigint, "readBy" jsonb,
    delivered jsonb, read jsonb, acked jsonb, muted jsonb, marked jsonb)
  where m.conversation_id = w."conversationId" and m.user_id = w."userId"`;

const INSERT_MESSAGES = `
  insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, version)
  select w."conversationId", w.seq, w.id, w."senderId", w."sentAt", w.body, w."receiptRequested", w.countable, w.recalled, w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint, id text, "senderId" text, "sentAt" bigint, body text,
    "receiptRequested" boolean, countable boolean, recalled boolean, version bigint)`;

const PUT_MESSAGES = `
  update tidemark.message m set body = w.body, recalled = w.recalled, version = greatest(m.version, w.version)
  from json_to_recordset($1::text::json) as w(id text, body text, recalled boolean, version bigint) where m.id = w.id`;

const INSERT_STEPS = `
  insert into tidemark.step (conversation_id, user_id, kind, from_seq, up_to, at, version)
  select w."conversationId", w."userId", w.kind, w.f, w.u, w.at, w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, "userId" text, kind text, f bigint, u bigint, at bigint,
    version bigint)`;

export const sqlWrites = (query: SqlQuery, version: number): Omit<ServerTx, keyof ServerReadTx | 'version'> => {
  const put = async (statement: string, records: readonly object[]): Promise<void> => {
    if (records.length > 0) await query(statement, [JSON.stringify(records)]);
  };
  return {
    lockConversations: async (me, peers) =>
      peers.length === 0 ? [] : (await query(`${CONVERSATIONS} for update of c`, [pairsOf(me, peers)])).map(conversationOf),
    createConversations: async (me, peers) => {
      await query(CREATE, [pairsOf(me, peers), version, JSON.stringify(UNSET), JSON.stringify(UNMARKED)]);
    },
    putConversations: (records) => put(PUT_CONVERSATIONS, records),
    putMembers: (records) => put(PUT_MEMBERS, records),
    insertMessages: (records) => put(INSERT_MESSAGES, records),
    putMessages: (records) =>
      put(
        PUT_MESSAGES,
        records.map(({ id, body, recalled, version: written }) => ({ id, body, recalled, version: written })),
      ),
    insertSteps: (records) =>
      put(
        INSERT_STEPS,
        records.map(({ range: [f, u], ...rest }) => ({ ...rest, f, u })),
      ),
  };
};
