/**
 * The end of the feed: below the oldest running write transaction of the servers of this database. Other transactions do not matter: those
 * of the host's own tables, and those of the other databases of the cluster, of which a snapshot shows the ids too.
 *
 *   running at the snapshot    41 of a server   43 of another database   44 of a server
 *   the feed ends here ───────▶ 40
 *
 * Each write transaction of a server holds a shared lock before it has an id, so a running transaction without this lock is of no server.
 * A transaction that ended since the snapshot counts as one of a server: the next read passes it. The locks are read once. PostgreSQL releases
 * the id of a transaction before the shared lock, and two readings, one before and one after, take an ending transaction of a
 * server for one of no server.
 */

/** The advisory lock of every write transaction of a server. */
export const WRITER_LOCK = '8439274602';

const isOfNoServer = `
  select from locks t where t.locktype = 'transactionid' and t.granted and t.mode = 'ExclusiveLock' and t.transactionid = x.id::xid
    and not exists (
      select from locks a where a.pid = t.pid and a.locktype = 'advisory' and a.objsubid = 1
        and a.database = (select oid from pg_database where datname = current_database())
        and (a.classid::bigint << 32) + a.objid::bigint = ${WRITER_LOCK})`;

export const FEED_END = `
  coalesce(
    (
      with locks as materialized (select * from pg_locks where locktype in ('transactionid', 'advisory'))
      select min(x.id::text::bigint) from pg_snapshot_xip(pg_current_snapshot()) as x(id) where not exists (${isOfNoServer})
    ),
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  ) - 1`;
