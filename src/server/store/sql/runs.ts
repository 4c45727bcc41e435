/**
 * The runs of a store in SQL: the statements that begin a transaction in the newest run, and that start a run.
 *
 * A run starts with each server, and when the database is another one than that of the newest run: then a backup was restored, or a
 * standby took over. Such a copy may lack a transaction that ran while the copy was made, and hold a later one.
 */
import type { SqlDriver, SqlRow } from './driver.ts';
import { FEED_END } from './feed-end.ts';

const TIMELINE = 'left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)';
/** A copy differs in one of the three: the cluster, its timeline, or the database in the cluster. */
const DATABASE = `concat_ws('/', (select system_identifier from pg_control_system()), ${TIMELINE},
  (select oid from pg_database where datname = current_database()))`;

// In a database restored from a dump, transaction ids begin anew. `shift` raises them above every version in
// the dump.
const begin = (isInOther: string, version: string): string => `
  select ${FEED_END} + r.shift as feed_end, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1 + r.shift as newest,
    r.number, r.id, r.began_at, r.from_copy, (extract(epoch from statement_timestamp()) * 1000)::bigint as begun_at,
    ${isInOther} as is_in_other${version}
  from tidemark.run r order by r.number desc limit 1`;

const newestOf = (table: string): string => `(select max(version) from tidemark.${table})`;
const NEWEST = `greatest(${['conversation', 'member', 'receipt', 'account', 'counting'].map(newestOf).join(', ')},
  (select max(greatest(version_a, version_b)) from tidemark.conversation), (select max(began_at) from tidemark.run), 0)`;

// One statement sees one snapshot. Every version in the snapshot is below the ids outside it, unless the
// rows come from the dump of another database.
const start = (database: string, condition: string): string => `
  with past as (
    select coalesce((select shift from tidemark.run order by number desc limit 1), 0) as shift, ${NEWEST} as newest,
      coalesce((select r.database <> ${database} from tidemark.run r order by number desc limit 1), false) as from_copy
  ), here as (
    select from_copy, case when newest >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift
      then newest + 1 - pg_current_xact_id()::text::bigint else shift end as shift from past
  )
  insert into tidemark.run (id, began_at, shift, database, from_copy)
  select $1, pg_current_xact_id()::text::bigint + shift, shift, ${database}, from_copy from here where ${condition}`;

/** Whether the database tells which one it is. Some hosted databases refuse the functions. */
const tellsWhich = async (driver: SqlDriver): Promise<boolean> => {
  try {
    await driver.transaction('read', (query) => query(`select ${DATABASE}`));
    return true;
  } catch {
    return false;
  }
};

/** The statements for this database. `$1` of the last two is the id of the new run. */
export const runStatements = async (driver: SqlDriver): Promise<Readonly<Record<'read' | 'write' | 'start' | 'startInOther', string>>> => {
  const tells = await tellsWhich(driver);
  const database = tells ? DATABASE : 'null::text';
  // Only the timeline changes under a running server, and it costs the least.
  const isInOther = tells ? `coalesce(split_part(r.database, '/', 2) <> ${TIMELINE}, false)` : 'false';
  return {
    read: begin(isInOther, ''),
    write: begin(isInOther, ', pg_current_xact_id()::text::bigint + r.shift as version'),
    start: start(database, 'true'),
    startInOther: start(database, 'from_copy'),
  };
};

/** The transaction began in another database than the newest run. */
export class OtherDatabase extends Error {}

/** @param row the answer to `read` or `write`. */
export const isInOtherDatabase = (row: SqlRow): boolean => row['is_in_other'] === true;
