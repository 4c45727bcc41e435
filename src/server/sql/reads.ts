/** The reading half of the SQL store: batches in, rows out. */
import type { ReadBy } from '../../model/conversation.ts';
import type { Flag, Mark } from '../../model/flag.ts';
import type { Range, Ranges } from '../../model/ranges.ts';
import type { ReceiptKind } from '../../model/receipt.ts';
import {
  type ConversationRecord,
  type IslandKind,
  type MemberRecord,
  type MessageRecord,
  type ServerReadTx,
  sortedPair,
  type StepRecord,
} from '../server-store.ts';
import type { SqlQuery, SqlRow } from './driver.ts';

/** Drivers give `bigint` as number, string or BigInt; all of ours are safe integers. */
const int = (row: SqlRow, name: string): number => Number(row[name]);
const text = (row: SqlRow, name: string): string => String(row[name]);
const json = (row: SqlRow, name: string): unknown => {
  const value = row[name];
  return typeof value === 'string' ? JSON.parse(value) : value;
};

export const conversationOf = (row: SqlRow): ConversationRecord => ({
  id: int(row, 'id'),
  userA: text(row, 'user_a'),
  userB: text(row, 'user_b'),
  latestSeq: int(row, 'latest_seq'),
  firstSeq: int(row, 'first_seq'),
  version: int(row, 'version'),
});

const memberOf = (row: SqlRow): MemberRecord => ({
  conversationId: int(row, 'conversation_id'),
  userId: text(row, 'user_id'),
  joinedAt: int(row, 'joined_at'),
  readUpTo: int(row, 'read_up_to'),
  readBy: json(row, 'read_by') as ReadBy | null,
  delivered: json(row, 'delivered') as Ranges,
  read: json(row, 'read') as Ranges,
  acked: json(row, 'acked') as Ranges,
  muted: json(row, 'muted') as Flag,
  marked: json(row, 'marked') as Mark,
});

const messageOf = (row: SqlRow): MessageRecord => ({
  conversationId: int(row, 'conversation_id'),
  seq: int(row, 'seq'),
  id: text(row, 'id'),
  senderId: text(row, 'sender_id'),
  sentAt: int(row, 'sent_at'),
  body: text(row, 'body'),
  receiptRequested: row['receipt_requested'] === true,
  countable: row['countable'] === true,
  recalled: row['recalled'] === true,
  version: int(row, 'version'),
});

const stepOf = (row: SqlRow): StepRecord => ({
  conversationId: int(row, 'conversation_id'),
  userId: text(row, 'user_id'),
  kind: text(row, 'kind') as ReceiptKind,
  range: [int(row, 'from_seq'), int(row, 'up_to')],
  at: int(row, 'at'),
  version: int(row, 'version'),
});

export const pairsOf = (me: string, peers: readonly string[]): string =>
  JSON.stringify(
    [...new Set(peers)].map((peer) => {
      const [a, b] = sortedPair(me, peer);
      return { a, b };
    }),
  );

export const CONVERSATIONS = `
  select c.* from json_to_recordset($1::text::json) as w(a text, b text)
  join tidemark.conversation c on c.user_a = w.a and c.user_b = w.b order by c.id`;

const CHANGED = `
  select * from (
    select * from tidemark.conversation where user_a = $1 and version > $2 and version <= $3
    union all
    select * from tidemark.conversation where user_b = $1 and version > $2 and version <= $3
  ) c order by version fetch first ($4) rows with ties`;

const IN_IDS = `conversation_id in (select value::bigint from json_array_elements_text($1::text::json))`;

/** A run of places that follow one another keeps the same distance to its rank. */
const islandsWhere = (condition: string): string => `
  select i, min(seq) as from_seq, max(seq) as up_to from (
    select w.i, m.seq, m.seq - row_number() over (partition by w.i order by m.seq) as island
    from json_to_recordset($1::text::json) as w(i int, c bigint, f bigint, u bigint)
    join tidemark.message m on m.conversation_id = w.c and m.seq between w.f and w.u
    where ${condition}
  ) s group by i, island order by i, from_seq`;

const ISLANDS: Record<IslandKind, string> = {
  own: islandsWhere(`m.sender_id = $2`),
  uncounted: islandsWhere(`(m.sender_id = $2 or not m.countable or m.recalled)`),
  ackable: islandsWhere(`m.sender_id <> $2 and m.receipt_requested and not m.recalled`),
};

const STEP_TIMES = `
  select w.c as conversation_id, w.seq, k.kind, s.at
  from json_to_recordset($1::text::json) as w(c bigint, seq bigint)
  join tidemark.conversation c on c.id = w.c
  cross join (values ('delivered'), ('read'), ('acked')) as k(kind)
  cross join lateral (
    select one.at, one.up_to from tidemark.step one
    where one.conversation_id = w.c and one.user_id = case when c.user_a = $2 then c.user_b else c.user_a end
      and one.kind = k.kind and one.from_seq <= w.seq
    order by one.from_seq desc limit 1
  ) s where s.up_to >= w.seq`;

export const sqlReads = (query: SqlQuery): Omit<ServerReadTx, 'head' | 'run'> => ({
  now: async () => {
    const [row] = await query(`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now`);
    return int(row ?? {}, 'now');
  },
  runs: async () =>
    (await query(`select number, id, began_at from tidemark.run order by number`)).map((row) => ({
      number: int(row, 'number'),
      id: text(row, 'id'),
      beganAt: int(row, 'began_at'),
    })),
  conversations: async (me, peers) => (peers.length === 0 ? [] : (await query(CONVERSATIONS, [pairsOf(me, peers)])).map(conversationOf)),
  changedConversations: async (me, { after, upTo }, atLeast) =>
    (await query(CHANGED, [me, after, upTo, atLeast])).map(conversationOf).sort((a, b) => a.version - b.version || a.id - b.id),
  members: async (ids) =>
    ids.length === 0 ? [] : (await query(`select * from tidemark.member where ${IN_IDS}`, [JSON.stringify(ids)])).map(memberOf),
  messagesById: async (ids) =>
    ids.length === 0
      ? []
      : (
          await query(`select * from tidemark.message where id in (select value from json_array_elements_text($1::text::json))`, [
            JSON.stringify(ids),
          ])
        ).map(messageOf),
  messagesIn: async (stretches) =>
    stretches.length === 0
      ? []
      : (
          await query(
            `select m.* from json_to_recordset($1::text::json) as w(c bigint, f bigint, u bigint)
             join tidemark.message m on m.conversation_id = w.c and m.seq between w.f and w.u`,
            [JSON.stringify(stretches.map(({ conversationId: c, range: [f, u] }) => ({ c, f, u })))],
          )
        ).map(messageOf),
  changedMessages: async (ids, { after, upTo }, limit) =>
    ids.length === 0
      ? []
      : (
          await query(
            `select * from tidemark.message where ${IN_IDS} and version > $2 and version <= $3
             order by version desc, conversation_id, seq desc limit $4`,
            [JSON.stringify(ids), after, upTo, limit],
          )
        ).map(messageOf),
  changedSteps: async (ids, me, { after, upTo }, limit) =>
    ids.length === 0
      ? []
      : (
          await query(
            `select * from tidemark.step where ${IN_IDS} and user_id <> $2 and version > $3 and version <= $4
             order by version, conversation_id, kind, from_seq limit $5`,
            [JSON.stringify(ids), me, after, upTo, limit],
          )
        ).map(stepOf),
  stepTimes: async (me, places) =>
    places.length === 0
      ? []
      : (await query(STEP_TIMES, [JSON.stringify(places.map(({ conversationId: c, seq }) => ({ c, seq }))), me])).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          seq: int(row, 'seq'),
          kind: text(row, 'kind') as ReceiptKind,
          at: int(row, 'at'),
        })),
  islands: async (kind, me, stretches) => {
    const out: Range[][] = stretches.map(() => []);
    if (stretches.length === 0) return out;
    const wants = stretches.map(({ conversationId: c, range: [f, u] }, i) => ({ i, c, f, u }));
    for (const row of await query(ISLANDS[kind], [JSON.stringify(wants), me]))
      out[int(row, 'i')]!.push([int(row, 'from_seq'), int(row, 'up_to')]);
    return out;
  },
});
