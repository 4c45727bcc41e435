/** A large history in the tables, and how much room each table takes. */
import type { Pool } from 'pg';
import { accountsOf, query, settle, VERSION } from './fill.ts';

export interface Amounts {
  readonly users: number;
  /** The direct chats of each user that the user began. */
  readonly chats: number;
  readonly messagesInChat: number;
  readonly groups: number;
  readonly members: number;
  readonly messagesInGroup: number;
  /** Group messages that ask for receipts, one of so many, and their readers. */
  readonly askingOneIn: number;
  readonly readers: number;
}

const NOW = `(extract(epoch from now()) * 1000)::bigint`;
const user = (number: string): string => `'user-' || lpad((${number})::text, 8, '0')`;
/** 40 to 199 characters, each in another order, so that the database does not store a pattern. */
const body = (seed: string): string => `'"' || left(repeat(md5(${seed}), 7), 40 + (hashtext(${seed}) & 65535) % 160) || '"'`;
const flags = `'{"count":0,"value":false}', '{"count":0,"value":false,"at":0}', '{"count":0,"value":false,"at":0}'`;
const readBy = `jsonb_build_object('deviceId', left(md5(id::text), 8), 'at', ${NOW})`;

const member = (columns: string, from: string): string => `
  insert into tidemark.member (conversation_id, user_id, joined_at, read_up_to, read_by, delivered, read, named, muted, marked, archived, untold,
    present, role, moves, version, away_since, back_since)
  select ${columns} from ${from}`;

/** Chats of a part of the users. Both have received everything, and read most of it, six messages at a time. */
const chats = ({ users, chats: each, messagesInChat: n }: Amounts, condition: string): string[] => [
  `create temporary table made as
   select nextval(pg_get_serial_sequence('tidemark.conversation', 'id')) as id, ${user('u')} as one, ${user(`(u + d) % ${users}`)} as two
   from generate_series(0, ${users - 1}) as u cross join generate_series(1, ${each}) as d where ${condition}`,
  `insert into tidemark.conversation (id, user_a, user_b, latest_seq, first_seq, version_a, version_b) overriding system value
   select id, least(one collate "C", two collate "C"), greatest(one collate "C", two collate "C"), ${n}, 1, ${VERSION}, ${VERSION} from made`,
  member(
    `id, w.u, 0, ${n} - 6 * (id % 3 = 0)::int, ${readBy}, '[[1, ${n}]]', jsonb_build_array(jsonb_build_array(1, ${n} - 6 * (id % 3 = 0)::int)),
     '[]', ${flags}, '[]', '[]', 'member', 0, 0, 0, 0`,
    `made cross join lateral (values (one), (two)) as w(u)`,
  ),
  `insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, version)
   select id, seq, gen_random_uuid()::text, case when seq % 2 = 0 then one else two end, ${NOW} - 60000 * (${n} - seq),
     ${body(`id::text || '-' || seq::text`)}, true, true, false, ${VERSION}
   from generate_series(1, ${n}) as seq cross join made`,
  `insert into tidemark.step (conversation_id, user_id, kind, from_seq, up_to, at, version)
   select id, w.u, k.kind, f, f + 5, ${NOW}, ${VERSION} from made cross join lateral (values (one), (two)) as w(u)
   cross join (values ('delivered'), ('read')) as k(kind) cross join generate_series(1, ${n}, 6) as f
   where k.kind = 'delivered' or id % 3 > 0 or f <= ${n} - 6`,
  `drop table made`,
];

const groups = (amounts: Amounts): string[] => {
  const { users, groups: count, members, messagesInGroup: n, askingOneIn, readers } = amounts;
  return [
    `create temporary table made as select nextval(pg_get_serial_sequence('tidemark.conversation', 'id')) as id, g from generate_series(1, ${count}) as g`,
    `insert into tidemark.conversation (id, group_id, latest_seq, first_seq, version) overriding system value
     select id, 'group-' || g, ${n}, 1, ${VERSION} from made`,
    member(
      `id, ${user(`(g * 37 + i) % ${users}`)}, 0, ${n}, ${readBy}, '[]', '[]', '[[1, ${n}]]', ${flags}, '[]', '[[1, 9007199254740991]]', 'member', 1, ${VERSION}, 0, 0`,
      `made cross join generate_series(1, ${members}) as i`,
    ),
    `insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, version)
     select id, seq, gen_random_uuid()::text, ${user(`(g * 37 + 1 + seq % ${members}) % ${users}`)}, ${NOW} - 60000 * (${n} - seq),
       ${body(`id::text || '-' || seq::text`)}, seq % ${askingOneIn} = 0, true, false, ${VERSION}
     from generate_series(1, ${n}) as seq cross join made`,
    `insert into tidemark.receipt (conversation_id, seq, sender_id, member_count, expires_at, expired, open, version)
     select conversation_id, seq, sender_id, ${members - 1}, sent_at + 259200000, false, true, version from tidemark.message m
     where receipt_requested and conversation_id in (select id from made)`,
    `insert into tidemark.ack (conversation_id, seq, user_id, at, content, version)
     select r.conversation_id, r.seq, w.user_id, ${NOW}, null, ${VERSION} from tidemark.receipt r cross join lateral (
       select m.user_id from tidemark.member m where m.conversation_id = r.conversation_id and m.user_id <> r.sender_id limit ${readers}
     ) w`,
    `drop table made`,
  ];
};

/** One chat of ten. Their messages are a tenth of all, or a little less. */
export const FIRST_TENTH = '(u + d) % 10 = 0';
export const OTHER_TENTHS = '(u + d) % 10 <> 0';

export const fillHistory = async (pool: Pool, amounts: Amounts, part: typeof FIRST_TENTH | typeof OTHER_TENTHS): Promise<void> => {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const statement of chats(amounts, part)) await client.query(statement);
    if (part === OTHER_TENTHS) {
      for (const statement of groups(amounts)) await client.query(statement);
      await client.query(accountsOf(`(select ${user('u')} as user_id from generate_series(0, ${amounts.users - 1}) as u) as w`));
    }
    await client.query('commit');
  } finally {
    client.release();
  }
  await settle(pool);
};

export interface TableSize {
  readonly name: string;
  readonly rows: number;
  /** Bytes of the rows, without indexes. */
  readonly heap: number;
  readonly indexes: readonly { readonly name: string; readonly bytes: number }[];
}

export const sizesOf = async (pool: Pool): Promise<TableSize[]> => {
  const tables = await query<{ name: string; heap: string }>(
    pool,
    `select c.relname as name, pg_table_size(c.oid) as heap from pg_class c where c.relnamespace = 'tidemark'::regnamespace and c.relkind = 'r'
     order by pg_total_relation_size(c.oid) desc`,
  );
  const out: TableSize[] = [];
  for (const { name, heap } of tables) {
    const [counted] = await query<{ rows: string }>(pool, `select count(*) as rows from tidemark.${name}`);
    const indexes = await query<{ name: string; bytes: string }>(
      pool,
      `select i.relname as name, pg_relation_size(i.oid) as bytes from pg_index x join pg_class i on i.oid = x.indexrelid
       where x.indrelid = 'tidemark.${name}'::regclass order by 2 desc`,
    );
    out.push({
      name,
      rows: Number(counted?.rows),
      heap: Number(heap),
      indexes: indexes.map((one) => ({ name: one.name, bytes: Number(one.bytes) })),
    });
  }
  return out.filter(({ rows }) => rows > 10);
};

export const userOf = (number: number): string => `user-${String(number).padStart(8, '0')}`;
