/**
 * The tables, in the schema `tidemark`, so other tables may live in the same database. Runs on PostgreSQL 15
 * and later.
 */
import { StoreError } from '../../../errors.ts';
import type { SqlQuery } from './driver.ts';

/** The migrations. Each runs once, in order. A released migration never changes. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table tidemark.run (
      number bigint generated always as identity primary key,
      id text not null unique,
      began_at bigint not null,
      shift bigint not null
    )`,
    // The collation "C" is byte order, so ids sort and compare alike in every database.
    `create table tidemark.conversation (
      id bigint generated always as identity primary key,
      user_a text collate "C",
      user_b text collate "C",
      group_id text collate "C" unique,
      latest_seq bigint not null,
      first_seq bigint not null,
      version bigint not null,
      unique (user_a, user_b),
      check ((group_id is null) = (user_a is not null) and (user_a is null) = (user_b is null))
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
      named jsonb not null,
      muted jsonb not null,
      marked jsonb not null,
      untold jsonb not null,
      archived jsonb not null,
      present jsonb not null,
      role text,
      moves bigint not null,
      version bigint not null,
      away_since bigint not null,
      back_since bigint not null,
      primary key (conversation_id, user_id)
    )`,
    `create table tidemark.account (
      user_id text collate "C" primary key,
      delivery_receipts jsonb not null,
      read_receipts jsonb not null,
      version bigint not null
    )`,
    // Only a member row of a group has a version above 0, so this index lists the current and past groups of
    // a user.
    `create index group_of_member on tidemark.member (user_id, conversation_id) where version > 0`,
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
    `create table tidemark.receipt (
      conversation_id bigint not null references tidemark.conversation,
      seq bigint not null,
      sender_id text collate "C" not null,
      member_count bigint not null,
      expires_at bigint not null,
      expired boolean not null,
      open boolean not null,
      version bigint not null,
      primary key (conversation_id, seq)
    )`,
    `create index receipt_by_version on tidemark.receipt (conversation_id, version)`,
    `create index open_receipt on tidemark.receipt (expires_at) where open`,
    `create table tidemark.ack (
      conversation_id bigint not null,
      seq bigint not null,
      user_id text collate "C" not null,
      at bigint not null,
      content text,
      version bigint not null,
      primary key (conversation_id, seq, user_id),
      foreign key (conversation_id, seq) references tidemark.receipt on delete cascade
    )`,
  ],
  // A page of the feed looks for recalls in each changed conversation, and most conversations have none.
  [`create index recalled_message on tidemark.message (conversation_id, version) where recalled`],
  // The text "all" or a list of user ids. Most messages mention no user, so the index of messages with a mention is
  // small.
  [
    `alter table tidemark.message add column if not exists mentions jsonb`,
    `create index if not exists mentioning_message on tidemark.message (conversation_id, seq) where mentions is not null`,
  ],
  // A message counts for most readers: null if it counts for all.
  [
    `alter table tidemark.message add column if not exists uncounted_for jsonb`,
    `create table if not exists tidemark.counting (user_id text collate "C" primary key, version bigint not null)`,
  ],
  // The messages that a user cleared one by one.
  [`alter table tidemark.member add column if not exists cleared jsonb not null default '[]'`],
  // What every server must know although a hint may be lost.
  [
    `create table if not exists tidemark.notice (
      number bigint primary key,
      kind text collate "C" not null,
      value text not null,
      at bigint not null
    )`,
  ],
  // No entry of a deleted user takes effect, however late it comes.
  [`create table if not exists tidemark.deleted_user (user_id text collate "C" primary key)`],
  // A late retry of a message that has ended makes no second message.
  [
    `create table if not exists tidemark.ended_message (
      id text collate "C" primary key,
      conversation_id bigint not null references tidemark.conversation,
      seq bigint not null,
      sender_id text collate "C" not null,
      sent_at bigint not null
    )`,
  ],
  // In a direct chat each user has an own version, so the peer does not learn of a private action.
  [
    `alter table tidemark.conversation add column if not exists version_a bigint, add column if not exists version_b bigint,
      alter column version drop not null`,
    `update tidemark.conversation set version_a = version, version_b = version, version = null
      where group_id is null and version_a is null`,
    `alter table tidemark.conversation drop constraint if exists versions_of_type, add constraint versions_of_type
      check ((group_id is null) = (version is null) and (version is null) = (version_a is not null) and (version_a is null) = (version_b is null))`,
    `drop index if exists tidemark.conversation_of_a, tidemark.conversation_of_b`,
    `create index conversation_of_a on tidemark.conversation (user_a, version_a)`,
    `create index conversation_of_b on tidemark.conversation (user_b, version_b)`,
  ],
  [`alter table tidemark.run add column if not exists database text, add column if not exists from_copy boolean not null default false`],
];

/**
 * Brings the tables up to date. Servers that start at the same time wait for each other. @throws {StoreError}
 * `store/version-ahead`
 */
export const migrate = async (query: SqlQuery): Promise<void> => {
  await query(`select pg_advisory_xact_lock(8439274601)`);
  await query(`create schema if not exists tidemark`);
  await query(`create table if not exists tidemark.schema_version (version integer not null)`);
  const [row] = await query(`select coalesce(max(version), 0) as version from tidemark.schema_version`);
  const version = Number(row?.['version']);
  if (version > MIGRATIONS.length)
    throw new StoreError(
      'store/version-ahead',
      `the database has schema version ${version}, this server knows ${MIGRATIONS.length}: run a newer server`,
    );
  for (const statement of MIGRATIONS.slice(version).flat()) await query(statement);
  if (version < MIGRATIONS.length) await query(`insert into tidemark.schema_version (version) values ($1)`, [MIGRATIONS.length]);
};
