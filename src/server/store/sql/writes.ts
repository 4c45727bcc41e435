/** The writes of the SQL store: one statement for any number of rows of one kind. */
import { NOT_ARCHIVED, UNMARKED, UNSET } from '../../../model/registers/flag.ts';
import { type ConversationId, conversationTarget, type UserId } from '../../../model/ids.ts';
import { ALL_ON } from '../../../model/message/receipt-settings.ts';
import type { ConversationRecord, Sweep } from '../records.ts';
import type { ServerReadTx, ServerTx } from '../server-store.ts';
import { groupIdsOf, pairsOf } from './named-conversations.ts';
import type { Statements } from './statements.ts';
import { accountOf, conversationOf, int, text } from './rows.ts';

// The rows are inserted in the order of the ids. So if two transactions create the same pairs, only one waits
// for the other.
const CREATE = `
  with made as (
    insert into tidemark.conversation (user_a, user_b, latest_seq, first_seq, version_a, version_b)
    select w.a, w.b, 0, 1, 0, 0 from json_to_recordset($1::text::json) as w(a text collate "C", b text collate "C") order by w.a, w.b
    on conflict do nothing returning id, user_a, user_b
  )
  insert into tidemark.member (conversation_id, user_id, joined_at, read_up_to, delivered, read, named, muted, marked, archived, untold, present,
    role, moves, version, away_since, back_since)
  select made.id, who.user_id, 0, 0, '[]', '[]', '[]', $2::text::jsonb, $3::text::jsonb, $4::text::jsonb, '[]', '[]', 'member', 0, 0, 0, 0
  from made cross join lateral (values (made.user_a), (made.user_b)) as who(user_id)`;

/** The advisory lock of the server that sweeps. */
const SWEEP_LOCKS: Record<Sweep, string> = { receipts: '8439274603', messages: '8439274605' };

/** The advisory lock of the notices: their numbers follow the order of the commits. */
const NOTICE_LOCK = '8439274604';

// Both parts see the table as it was before, so the new notice stays.
const PUT_NOTICE = `
  with gone as (
    delete from tidemark.notice where (kind = 'policy' and $1::text = 'policy') or (kind = 'revoke' and at < $4::bigint)
  )
  insert into tidemark.notice (number, kind, value, at)
  select coalesce(max(number), 0) + 1, $1::text, $2::text, $3::bigint from tidemark.notice`;

const PUT_CONVERSATIONS = `
  update tidemark.conversation c set latest_seq = w."latestSeq", first_seq = w."firstSeq", version = w.version, version_a = w."versionA",
    version_b = w."versionB"
  from json_to_recordset($1::text::json) as w(id bigint, "latestSeq" bigint, "firstSeq" bigint, version bigint, "versionA" bigint,
    "versionB" bigint) where c.id = w.id`;

const CREATE_GROUPS = `
  insert into tidemark.conversation (group_id, latest_seq, first_seq, version)
  select w.value, 0, 1, $2 from json_array_elements_text($1::text::json) as w
  where not exists (select from tidemark.conversation c where c.group_id = w.value) order by w.value collate "C"
  on conflict do nothing`;

// An array is computed once. A sub-select would run again for each row that changed while the statement waited for its lock, and
// PostgreSQL would leave such a row out. Each transaction locks its direct chats before its groups, and both in the order of their ids.
const lockWhere = (ids: string): string => `
  select c.* from tidemark.conversation c where c.id = any (array(${ids}))
  order by (c.group_id is not null), c.id for update of c`;
const LOCK_BY_ID = lockWhere('select value::bigint from json_array_elements_text($1::text::json)');
const LOCK_CHATS = lockWhere(`
  select d.id from json_to_recordset($1::text::json) as w(a text, b text)
  join tidemark.conversation d on d.user_a = w.a and d.user_b = w.b`);

const LOCK_ACCOUNTS = `
  select a.* from tidemark.account a where a.user_id = any (array(select value from json_array_elements_text($1::text::json)))
  order by a.user_id for update of a`;

const PUT_MEMBERS = `
  insert into tidemark.member (conversation_id, user_id, joined_at, read_up_to, read_by, cleared, delivered, read, named, muted, marked, archived,
    untold, present, role, moves, version, away_since, back_since)
  select w."conversationId", w."userId", w."joinedAt", w."readUpTo", w."readBy", w.cleared, w.delivered, w.read, w.named, w.muted, w.marked,
    w.archived, w.untold, w.present, w.role, w.moves, w.version, w."awaySince", w."backSince"
  from json_to_recordset($1::text::json) as w("conversationId" bigint, "userId" text, "joinedAt" bigint, "readUpTo" bigint, "readBy" jsonb,
    cleared jsonb, delivered jsonb, read jsonb, named jsonb, muted jsonb, marked jsonb, archived jsonb, untold jsonb, present jsonb, role text,
    moves bigint, version bigint, "awaySince" bigint, "backSince" bigint)
  on conflict (conversation_id, user_id) do update set joined_at = excluded.joined_at, read_up_to = excluded.read_up_to,
    read_by = excluded.read_by, cleared = excluded.cleared, delivered = excluded.delivered, read = excluded.read, named = excluded.named,
    muted = excluded.muted, marked = excluded.marked, archived = excluded.archived, untold = excluded.untold, present = excluded.present,
    role = excluded.role, moves = excluded.moves, version = excluded.version,
    away_since = excluded.away_since, back_since = excluded.back_since`;

const CREATE_ACCOUNT = `
  insert into tidemark.account (user_id, delivery_receipts, read_receipts, version)
  select w."userId", $2::text::jsonb, $3::text::jsonb, 0 from json_to_recordset($1::text::json) as w("userId" text)
  order by w."userId" on conflict do nothing`;

const PUT_ACCOUNT = `
  insert into tidemark.account (user_id, delivery_receipts, read_receipts, version)
  select w."userId", w."deliveryReceipts", w."readReceipts", w.version
  from json_to_recordset($1::text::json) as w("userId" text, "deliveryReceipts" jsonb, "readReceipts" jsonb, version bigint)
  on conflict (user_id) do update set delivery_receipts = excluded.delivery_receipts, read_receipts = excluded.read_receipts,
    version = excluded.version`;

const INSERT_MESSAGES = `
  insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, mentions,
    uncounted_for, version)
  select w."conversationId", w.seq, w.id, w."senderId", w."sentAt", w.body, w."receiptRequested", w.countable, w.recalled, w.mentions,
    nullif(w."uncountedFor", '[]'), w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint, id text, "senderId" text, "sentAt" bigint, body text,
    "receiptRequested" boolean, countable boolean, recalled boolean, mentions jsonb, "uncountedFor" jsonb, version bigint)`;

const PUT_COUNTING_VERSION = `
  insert into tidemark.counting (user_id, version) values ($1, $2)
  on conflict (user_id) do update set version = greatest(counting.version, excluded.version)`;

const PUT_SENDER_COUNTS = `
  update tidemark.message m set uncounted_for = case when w.counts then nullif(m.uncounted_for - $2::text, '[]')
    else coalesce(m.uncounted_for, '[]') || jsonb_build_array($2::text) end
  from json_to_recordset($1::text::json) as w("conversationId" bigint, "senderId" text, after bigint, counts boolean)
  where m.conversation_id = w."conversationId" and m.seq > w.after and m.sender_id = w."senderId"
    and coalesce(jsonb_exists(m.uncounted_for, $2), false) = w.counts`;

const PUT_MESSAGES = `
  update tidemark.message m set body = w.body, recalled = w.recalled, mentions = w.mentions, version = greatest(m.version, w.version)
  from json_to_recordset($1::text::json) as w(id text, body text, recalled boolean, mentions jsonb, version bigint) where m.id = w.id`;

const ENDED = `json_to_recordset($1::text::json) as w("conversationId" bigint, "upTo" bigint)`;
const END_MESSAGES = [
  // The foreign key deletes the read receipts of the members as well.
  `delete from tidemark.receipt r using ${ENDED} where r.conversation_id = w."conversationId" and r.seq <= w."upTo"`,
  `delete from tidemark.step s using ${ENDED} where s.conversation_id = w."conversationId" and s.up_to <= w."upTo"`,
  `with gone as (
    delete from tidemark.message m using ${ENDED} where m.conversation_id = w."conversationId" and m.seq <= w."upTo"
    returning m.id, m.conversation_id, m.seq, m.sender_id, m.sent_at
  )
  insert into tidemark.ended_message (id, conversation_id, seq, sender_id, sent_at)
  select id, conversation_id, seq, sender_id, sent_at from gone on conflict do nothing`,
];

const INSERT_STEPS = `
  insert into tidemark.step (conversation_id, user_id, kind, from_seq, up_to, at, version)
  select w."conversationId", w."userId", w.kind, w.f, w.u, w.at, w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, "userId" text, kind text, f bigint, u bigint, at bigint,
    version bigint)`;

const INSERT_RECEIPTS = `
  insert into tidemark.receipt (conversation_id, seq, sender_id, member_count, expires_at, expired, open, version)
  select w."conversationId", w.seq, w."senderId", w."memberCount", w."expiresAt", w.expired, w."expiryPending", w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint, "senderId" text, "memberCount" bigint,
    "expiresAt" bigint, expired boolean, "expiryPending" boolean, version bigint)`;

const PUT_RECEIPTS = `
  update tidemark.receipt r set open = w."expiryPending", expired = w.expired, version = w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint, "expiryPending" boolean, expired boolean, version bigint)
  where r.conversation_id = w."conversationId" and r.seq = w.seq`;

// The foreign key deletes the read receipts of the members as well.
const DELETE_RECEIPTS = `
  delete from tidemark.receipt r using json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint)
  where r.conversation_id = w."conversationId" and r.seq = w.seq`;

const INSERT_ACKS = `
  insert into tidemark.ack (conversation_id, seq, user_id, at, content, version)
  select w."conversationId", w.seq, w."userId", w.at, w.content, w.version
  from json_to_recordset($1::text::json) as w("conversationId" bigint, seq bigint, "userId" text, at bigint, content text, version bigint)`;

export const sqlWrites = (statements: Statements, version: number): Omit<ServerTx, keyof ServerReadTx | 'version'> => {
  const put = (statement: string, records: readonly object[]): Promise<void> => statements.put(statement, records);
  const lockById = async (ids: readonly number[]): Promise<readonly ConversationRecord[]> => {
    if (ids.length === 0) return [];
    const own = new Set(ids);
    return (await statements.lock(LOCK_BY_ID, ids, (row) => own.has(int(row, 'id')))).map(conversationOf);
  };
  const lockChats = async (me: UserId, names: readonly ConversationId[]): Promise<readonly ConversationRecord[]> => {
    if (names.length === 0) return [];
    const pairs = pairsOf(me, names.map(conversationTarget));
    const own = new Set(pairs.map(({ a, b }) => `${a}\n${b}`));
    const rows = await statements.lock(LOCK_CHATS, pairs, (row) => own.has(`${text(row, 'user_a')}\n${text(row, 'user_b')}`));
    return rows.map(conversationOf);
  };
  return {
    // The id of a conversation never changes, and a member row is never deleted, so the ids of groups may be read before the lock.
    lockConversations: async (me, names, also = []) => {
      const groups = names.filter((name) => name.startsWith('group:'));
      const chats = await lockChats(
        me,
        names.filter((name) => name.startsWith('direct:')),
      );
      return [...chats, ...(await lockById(await groupIdsOf(statements.select, me, groups, also)))].sort((a, b) => a.id - b.id);
    },
    lockConversationsById: lockById,
    lockAccount: async (userId) => {
      await statements.put(CREATE_ACCOUNT, [{ userId }], [JSON.stringify(ALL_ON.deliveryReceipts), JSON.stringify(ALL_ON.readReceipts)]);
      const [row] = await statements.lock(LOCK_ACCOUNTS, [userId], (account) => text(account, 'user_id') === userId);
      return accountOf(row ?? {});
    },
    putAccount: (record) => put(PUT_ACCOUNT, [record]),
    lockGroup: async (groupId) => {
      const [row] = await statements.only(`select * from tidemark.conversation where group_id = $1 for update`, [groupId]);
      return row && conversationOf(row);
    },
    createDirect: async (me, peers) => {
      await statements.put(
        CREATE,
        pairsOf(me, peers),
        [UNSET, UNMARKED, NOT_ARCHIVED].map((flag) => JSON.stringify(flag)),
      );
    },
    createGroups: async (groupIds) => {
      await statements.put(CREATE_GROUPS, groupIds, [version]);
    },
    putConversations: (records) => put(PUT_CONVERSATIONS, records),
    putMembers: (records) => put(PUT_MEMBERS, records),
    lockSweep: async (sweep) =>
      (await statements.only(`select pg_try_advisory_xact_lock(${SWEEP_LOCKS[sweep]}) as taken`))[0]?.['taken'] === true,
    putDeletedUser: async (userId) => {
      await statements.only(`insert into tidemark.deleted_user (user_id) values ($1) on conflict do nothing`, [userId]);
    },
    dropContents: async (userId, conversationId) => {
      await statements.only(`update tidemark.ack set content = null where conversation_id = $1 and user_id = $2 and content is not null`, [
        conversationId,
        userId,
      ]);
    },
    lockNotices: async () => void (await statements.only(`select pg_advisory_xact_lock(${NOTICE_LOCK})`)),
    putNotice: async ({ kind, value, at }, forgetBefore) => void (await statements.only(PUT_NOTICE, [kind, value, at, forgetBefore])),
    putCountingVersion: async (userId) => {
      await statements.only(PUT_COUNTING_VERSION, [userId, version]);
    },
    putSenderCounts: async (reader, counts) => {
      if (counts.length > 0) await statements.only(PUT_SENDER_COUNTS, [JSON.stringify(counts), reader]);
    },
    insertMessages: (records) => put(INSERT_MESSAGES, records),
    putMessages: (records) =>
      put(
        PUT_MESSAGES,
        records.map(({ id, body, recalled, mentions, version: written }) => ({ id, body, recalled, mentions, version: written })),
      ),
    endMessages: async (list) => {
      for (const statement of END_MESSAGES) await put(statement, list);
    },
    insertSteps: (records) =>
      put(
        INSERT_STEPS,
        records.map(({ range: [f, u], ...rest }) => ({ ...rest, f, u })),
      ),
    insertReceipts: (records) => put(INSERT_RECEIPTS, records),
    putReceipts: (records) => put(PUT_RECEIPTS, records),
    deleteReceipts: (keys) => put(DELETE_RECEIPTS, keys),
    insertAcks: (records) => put(INSERT_ACKS, records),
  };
};
