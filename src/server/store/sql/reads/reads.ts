/** The reads of the SQL store: one statement for a batch of ids or ranges. */
import type { Range } from '../../../../model/registers/ranges.ts';
import type { ReceiptKind } from '../../../../model/message/receipt.ts';
import type { RangeKind, ServerReadTx } from '../../server-store.ts';
import type { Role, ConversationRange, NoticeRecord } from '../../records.ts';
import type { Statements } from '../statements.ts';
import { sqlCountingReads } from './counting-reads.ts';
import { sqlRecallReads } from './recall-reads.ts';
import { sqlReceiptReads, rangesParam } from './receipt-reads.ts';
import { sqlRetentionReads } from './retention-reads.ts';
import { NAMED, namesParams } from '../named-conversations.ts';
import { accountOf, conversationOf, int, memberOf, MESSAGE, messageOf, messageWith, runOf, stepOf, text } from '../rows.ts';

const BY_ID = `
  select c.* from tidemark.conversation c join tidemark.member m on m.conversation_id = c.id and m.user_id = $2 and m.role is not null
  where c.id in (select value::bigint from json_array_elements_text($1::text::json)) order by c.id`;

const changedChats = (side: 'a' | 'b'): string => `
    select c.*, c.version_${side} as changed_at, false as is_left from tidemark.conversation c
    where c.user_${side} = $1 and c.version_${side} > $2 and c.version_${side} <= $3`;
const CHANGED = `
  select * from (
    ${changedChats('a')}
    union all
    ${changedChats('b')}
    union all
    select * from (
      select c.*, case when m.role is null then m.version else greatest(c.version, m.version) end as changed_at, m.role is null
      from tidemark.member m join tidemark.conversation c on c.id = m.conversation_id
      where m.user_id = $1 and m.version > 0
    ) g where changed_at > $2 and changed_at <= $3
  ) c order by changed_at fetch first ($4) rows with ties`;

const LATEST_BELOW = `
  select w.value::bigint as conversation_id, last.seq from json_array_elements_text($1::text::json) as w
  cross join lateral (
    select m.seq from tidemark.message m where m.conversation_id = w.value::bigint and m.version < $2 order by m.seq desc limit 1
  ) last`;

const IN_IDS = `conversation_id in (select value::bigint from json_array_elements_text($1::text::json))`;

const CUT = messageWith('substr(m.body, 1, $2::int)');

const MESSAGES_BY_ID = `
  select ${CUT} from tidemark.message m where m.id in (select value from json_array_elements_text($1::text::json))`;

const MESSAGES_IN = `
  select ${CUT} from json_to_recordset($1::text::json) as w(c bigint, f bigint, u bigint)
  join tidemark.message m on m.conversation_id = w.c and m.seq between w.f and w.u`;

// PostgreSQL knows the length of a body without reading the body, so messages beyond the limit cost little.
const MESSAGES_WITHIN = `
  select ${MESSAGE} from (
    select m.*, w.i, sum(octet_length(m.body)) over (order by w.i, m.seq desc rows unbounded preceding) - octet_length(m.body) as before
    from json_to_recordset($1::text::json) as w(i int, c bigint, f bigint, u bigint)
    join tidemark.message m on m.conversation_id = w.c and m.seq between w.f and w.u
  ) m where before < $2 order by i, seq desc`;

const orderedRangesParam = (ranges: readonly ConversationRange[]): string =>
  JSON.stringify(ranges.map(({ conversationId: c, range: [f, u] }, i) => ({ i, c, f, u })));

/**
 * The rows of a table with a version, of the conversations in `$1`. `offset 0` makes the database begin with the conversations. Without it the
 * database guesses 100 of them, and rather reads the versions of all conversations.
 */
const ofEach = (table: string, condition: string): string => `json_array_elements_text($1::text::json) as w
  cross join lateral (select * from tidemark.${table} where conversation_id = w.value::bigint and ${condition} offset 0) as of_one`;

const CHANGED_MESSAGES = `
  select ${MESSAGE} from (
    select m.*, sum(octet_length(body)) over (order by version desc, conversation_id, seq desc rows unbounded preceding)
      - octet_length(body) as before
    from (
      select of_one.* from ${ofEach('message', 'version > $2 and version <= $3')}
      order by version desc, conversation_id, seq desc limit $4
    ) m
  ) m where before < $5 order by version desc, conversation_id, seq desc`;

const CHANGED_STEPS = `
  select of_one.* from ${ofEach('step', 'user_id <> $2 and version > $3 and version <= $4')}
  order by version, conversation_id, kind, from_seq limit $5`;

/**
 * Finds runs of consecutive seqs ("gaps and islands"): seq minus row number is constant within a run. `offset 0` makes the database begin with
 * the ranges. Without it a database with old statistics reads the partial index of all messages with a mention.
 */
const islandsWhere = (condition: string): string => `
  select i, min(seq) as from_seq, max(seq) as up_to from (
    select w.i, m.seq, m.seq - row_number() over (partition by w.i order by m.seq) as island
    from json_to_recordset($1::text::json) as w(i int, c bigint, f bigint, u bigint)
    cross join lateral (
      select m.seq from tidemark.message m where m.conversation_id = w.c and m.seq between w.f and w.u and ${condition} offset 0
    ) m
  ) s group by i, island`;

/** The messages that do not count for a user, recalled or not. `m` is the message. */
const notCountingFor = (user: string): string =>
  `(m.sender_id = ${user} or not m.countable or coalesce(jsonb_exists(m.uncounted_for, ${user}), false))`;
/** The messages that the unread count of a user leaves out. */
const uncountedFor = (user: string): string => `(${notCountingFor(user)} or m.recalled)`;

const ISLANDS: Record<RangeKind, string> = {
  own: islandsWhere(`m.sender_id = $2`),
  uncounted: islandsWhere(uncountedFor('$2')),
  ackable: islandsWhere(`m.sender_id <> $2 and m.receipt_requested and not m.recalled`),
  mentioning: islandsWhere(`
    m.mentions is not null and m.sender_id <> $2 and (m.mentions = '"all"' or m.mentions @> jsonb_build_array($2::text))`),
};

/** One statement for several kinds; `k` is the index of the kind. */
const islandsOf = (kinds: readonly RangeKind[]): string =>
  `${kinds.map((kind, k) => `select ${k} as k, i, from_seq, up_to from (${ISLANDS[kind]}) as of_${kind}`).join(' union all ')} order by k, i, from_seq`;
const UNREAD_PLACES = `
  with wanted as (select distinct value as u from json_array_elements_text($1::text::json)),
  place as (
    select u, c.id, c.latest_seq, c.first_seq, c.group_id from wanted join tidemark.conversation c on c.user_a = u
    union all
    select u, c.id, c.latest_seq, c.first_seq, c.group_id from wanted join tidemark.conversation c on c.user_b = u
    union all
    select u, c.id, c.latest_seq, c.first_seq, c.group_id from wanted
    join tidemark.member g on g.user_id = u and g.version > 0 join tidemark.conversation c on c.id = g.conversation_id
  )
  select m.*, place.latest_seq, place.first_seq, place.group_id from place
  join tidemark.member m on m.conversation_id = place.id and m.user_id = place.u and m.role is not null
  where place.latest_seq > m.read_up_to or (m.marked->>'value')::boolean`;

const UNCOUNTED_IN = `
  select w.i, (
    select count(*) from tidemark.message m where m.conversation_id = w.c and m.seq between w.f and w.t and ${uncountedFor('w.u')}
  ) as messages from json_to_recordset($1::text::json) as w(i int, u text, c bigint, f bigint, t bigint) order by w.i`;

const FIRST_COUNTING = `
  select w.i, first.seq from json_to_recordset($1::text::json) as w(i int, c bigint, f bigint, u bigint)
  cross join lateral (
    select m.seq from tidemark.message m where m.conversation_id = w.c and m.seq between w.f and w.u and not ${notCountingFor('$2')}
    order by m.seq limit 1
  ) first`;

const CHANGED_PIECES = `
  select conversation_id, user_id, kind, from_seq, up_to from ${ofEach('step', 'version > $3 and version <= $4')}
  union all
  select conversation_id, user_id, 'named', seq, seq from ${ofEach('ack', 'user_id = $2 and version > $3 and version <= $4')}
  limit $5`;

const STEP_TIMES = `
  select w.c as conversation_id, w.seq, k.kind, s.at
  from json_to_recordset($1::text::json) as w(c bigint, seq bigint)
  join tidemark.conversation c on c.id = w.c
  cross join (values ('delivered'), ('read'), ('named')) as k(kind)
  cross join lateral (
    select one.at, one.up_to from tidemark.step one
    where one.conversation_id = w.c and one.user_id = case when c.user_a = $2 then c.user_b else c.user_a end
      and one.kind = k.kind and one.from_seq <= w.seq
    order by one.from_seq desc limit 1
  ) s where s.up_to >= w.seq`;

type Reads = Omit<ServerReadTx, 'feedEnd' | 'isBehind' | 'run' | 'begunAt'>;

export const sqlReads = ({ select: query, now }: Pick<Statements, 'now' | 'select'>): Reads => ({
  now,
  runs: async () => (await query(`select number, id, began_at, from_copy from tidemark.run order by number`)).map(runOf),
  account: async (userId) => {
    const [row] = await query(`select * from tidemark.account where user_id = $1`, [userId]);
    return row && accountOf(row);
  },
  ...sqlReceiptReads(query),
  ...sqlRecallReads(query),
  ...sqlCountingReads(query),
  ...sqlRetentionReads(query),
  conversations: async (me, names) => (names.length === 0 ? [] : (await query(NAMED, namesParams(me, names))).map(conversationOf)),
  conversationsById: async (me, ids) => (ids.length === 0 ? [] : (await query(BY_ID, [JSON.stringify(ids), me])).map(conversationOf)),
  changedConversations: async (me, { after, upTo }, atLeast) =>
    (await query(CHANGED, [me, after, upTo, atLeast]))
      .map((row) => ({ ...conversationOf(row), version: int(row, 'changed_at'), left: row['is_left'] === true }))
      .sort((a, b) => a.version - b.version || a.id - b.id),
  membersNamed: async (id, userIds) =>
    (
      await query(
        `select * from tidemark.member where conversation_id = $1 and user_id in (select value from json_array_elements_text($2::text::json))`,
        [id, JSON.stringify(userIds)],
      )
    ).map(memberOf),
  members: async (ids) =>
    ids.length === 0 ? [] : (await query(`select * from tidemark.member where ${IN_IDS}`, [JSON.stringify(ids)])).map(memberOf),
  ownMembers: async (me, ids) =>
    ids.length === 0
      ? []
      : (await query(`select * from tidemark.member where ${IN_IDS} and user_id = $2`, [JSON.stringify(ids), me])).map(memberOf),
  roster: async (ids) =>
    ids.length === 0
      ? []
      : (
          await query(
            `select conversation_id, user_id, role from tidemark.member where ${IN_IDS} and role is not null and version > 0
             order by conversation_id, user_id`,
            [JSON.stringify(ids)],
          )
        ).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          userId: text(row, 'user_id'),
          role: text(row, 'role') as Role,
        })),
  messagesById: async (ids, chars) => (ids.length === 0 ? [] : (await query(MESSAGES_BY_ID, [JSON.stringify(ids), chars])).map(messageOf)),
  messagesIn: async (ranges, chars) => (ranges.length === 0 ? [] : (await query(MESSAGES_IN, [rangesParam(ranges), chars])).map(messageOf)),
  messagesWithin: async (ranges, bytes) =>
    ranges.length === 0 ? [] : (await query(MESSAGES_WITHIN, [orderedRangesParam(ranges), bytes])).map(messageOf),
  changedMessages: async (ids, { after, upTo }, limit, bytes) =>
    ids.length === 0 ? [] : (await query(CHANGED_MESSAGES, [JSON.stringify(ids), after, upTo, limit, bytes])).map(messageOf),
  changedSteps: async (ids, me, { after, upTo }, limit) =>
    ids.length === 0 ? [] : (await query(CHANGED_STEPS, [JSON.stringify(ids), me, after, upTo, limit])).map(stepOf),
  changedPieces: async (ids, me, { after, upTo }, limit) =>
    ids.length === 0
      ? []
      : (await query(CHANGED_PIECES, [JSON.stringify(ids), me, after, upTo, limit])).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          userId: text(row, 'user_id'),
          kind: text(row, 'kind') as ReceiptKind,
          range: [int(row, 'from_seq'), int(row, 'up_to')],
        })),
  stepTimes: async (me, keys) =>
    keys.length === 0
      ? []
      : (await query(STEP_TIMES, [JSON.stringify(keys.map(({ conversationId: c, seq }) => ({ c, seq }))), me])).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          seq: int(row, 'seq'),
          kind: text(row, 'kind') as ReceiptKind,
          at: int(row, 'at'),
        })),
  islands: async (kinds, me, ranges) => {
    const out: Range[][][] = kinds.map(() => ranges.map(() => []));
    if (ranges.length === 0) return out;
    for (const row of await query(islandsOf(kinds), [orderedRangesParam(ranges), me]))
      out[int(row, 'k')]![int(row, 'i')]!.push([int(row, 'from_seq'), int(row, 'up_to')]);
    return out;
  },
  deletedUsers: async (userIds) =>
    new Set(
      (
        await query(
          `select user_id from tidemark.deleted_user where user_id in (select value from json_array_elements_text($1::text::json))`,
          [JSON.stringify(userIds)],
        )
      ).map((row) => text(row, 'user_id')),
    ),
  notices: async (after) =>
    (await query(`select number, kind, value, at from tidemark.notice where number > $1 order by number`, [after])).map((row) => ({
      number: int(row, 'number'),
      kind: text(row, 'kind') as NoticeRecord['kind'],
      value: text(row, 'value'),
      at: int(row, 'at'),
    })),
  unreadPlaces: async (userIds) =>
    userIds.length === 0
      ? []
      : (await query(UNREAD_PLACES, [JSON.stringify(userIds)])).map((row) => ({
          member: memberOf(row),
          groupId: row['group_id'] === null ? null : text(row, 'group_id'),
          firstSeq: int(row, 'first_seq'),
          latestSeq: int(row, 'latest_seq'),
        })),
  firstCounting: async (me, ranges) => {
    const found = ranges.length === 0 ? [] : await query(FIRST_COUNTING, [orderedRangesParam(ranges), me]);
    const seqs = new Map(found.map((row) => [int(row, 'i'), int(row, 'seq')]));
    return ranges.map((_, i) => seqs.get(i) ?? 0);
  },
  uncountedIn: async (parts) => {
    if (parts.length === 0) return [];
    const wants = parts.map(({ userId: u, conversationId: c, range: [f, t] }, i) => ({ i, u, c, f, t }));
    return (await query(UNCOUNTED_IN, [JSON.stringify(wants)])).map((row) => int(row, 'messages'));
  },
  latestSeqsBelow: async (version, ids) =>
    ids.length === 0
      ? []
      : (await query(LATEST_BELOW, [JSON.stringify(ids), version])).map((row) => ({
          conversationId: int(row, 'conversation_id'),
          seq: int(row, 'seq'),
        })),
});
