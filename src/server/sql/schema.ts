/** The tables, in a schema of their own beside whatever else the database holds. Runs on PostgreSQL 15 and later. */
import type { SqlQuery } from './driver.ts';

/** Each runs once, in order; what has been released is never edited. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table tidemark.run (
      number bigint generated always as identity primary key,
      id text not null unique,
      began_at bigint not null,
      shift bigint not null
    )`,
    // Byte order, so that names sort and compare alike in every database.
    `create table tidemark.conversation (
      id bigint generated always as identity primary key,
      user_a text collate "C" not null,
      user_b text collate "C" not null,
      latest_seq bigint not null,
      first_seq bigint not null,
      version bigint not null,
      unique (user_a, user_b)
    )`,
    `create index conversation_of_a on tidemark.conversation (user_a, version)`,
    `create index conversation_of_b on tidemark.conversation (user_b, version)`,
    `create table tidemark.member (
      conversation_id bigint not null references tidemark.conversation,
      user_id text collate "C" not null,
      joined_at bigint not null,
      read_up_to bigint not null,
      read_by jsonb,
      delivered jsonb not null,
      read jsonb not null,
      acked jsonb not null,
      muted jsonb not null,
      marked jsonb not null,
      primary key (conversation_id, user_id)
    )`,
    `create table tidemark.message (
      conversation_id bigint not null references tidemark.conversation,
      seq bigint not null,
      id text collate "C" not null unique,
      sender_id text collate "C" not null,
      sent_at bigint not null,
      body text not null,
      receipt_requested boolean not null,
      countable boolean not null,
      recalled boolean not null,
      version bigint not null,
      primary key (conversation_id, seq)
    )`,
    `create index message_by_version on tidemark.message (conversation_id, version)`,
    `create table tidemark.step (
      conversation_id bigint not null references tidemark.conversation,
      user_id text collate "C" not null,
      kind text collate "C" not null,
      from_seq bigint not null,
      up_to bigint not null,
      at bigint not null,
      version bigint not null,
      primary key (conversation_id, user_id, kind, from_seq)
    )`,
    `create index step_by_version on tidemark.step (conversation_id, version)`,
  ],
];

/** Brings the tables up to date; servers that start at once wait for each other. @throws {Error} for a newer database. */
export const migrate = async (query: SqlQuery): Promise<void> => {
  await query(`select pg_advisory_xact_lock(8439274601)`);
  await query(`create schema if not exists tidemark`);
  await query(`create table if not exists tidemark.schema_version (version integer not null)`);
  const [row] = await query(`select coalesce(max(version), 0) as version from tidemark.schema_version`);
  const version = Number(row?.['version']);
  if (version > MIGRATIONS.length)
    throw new Error(`the database has schema version ${version}, this server knows ${MIGRATIONS.length}: run a newer server`);
  for (const statement of MIGRATIONS.slice(version).flat()) await query(statement);
  if (version < MIGRATIONS.length) await query(`insert into tidemark.schema_version (version) values ($1)`, [MIGRATIONS.length]);
};
