/** What the database writes for the operations of a server: bytes of its log, and rows of each table. */
import type { Pool } from 'pg';
import { query } from './fill.ts';
import { pause } from './measure.ts';

/** The connections of the pool report what they wrote when a second has passed. */
const REPORTED_AFTER_MS = 1500;

interface Counts {
  readonly wal: number;
  readonly tables: ReadonlyMap<string, { readonly inserted: number; readonly updated: number; readonly inPlace: number }>;
}

const read = async (pool: Pool, connections: number): Promise<Counts> => {
  await pause(REPORTED_AFTER_MS);
  await Promise.all(Array.from({ length: connections }, () => query(pool, 'select pg_stat_force_next_flush(), pg_sleep(0.2)')));
  const [lsn] = await query<{ bytes: string }>(pool, `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as bytes`);
  const rows = await query<Record<'relname' | 'ins' | 'upd' | 'hot', string>>(
    pool,
    `select relname, n_tup_ins as ins, n_tup_upd as upd, n_tup_hot_upd as hot from pg_stat_user_tables where schemaname = 'tidemark'`,
  );
  return {
    wal: Number(lsn?.bytes),
    tables: new Map(
      rows.map(({ relname, ins, upd, hot }) => [relname, { inserted: Number(ins), updated: Number(upd), inPlace: Number(hot) }]),
    ),
  };
};

/** Runs the work. @returns its effect on the disk for each of `count` operations, as Markdown */
export const writesOf = async <T>(
  pool: Pool,
  connections: number,
  what: string,
  work: () => Promise<{ readonly result: T; readonly count: number }>,
): Promise<{ readonly result: T; readonly note: string }> => {
  const before = await read(pool, connections);
  const { result, count } = await work();
  const after = await read(pool, connections);
  const lines = [...after.tables].flatMap(([name, now]) => {
    const was = before.tables.get(name);
    const [inserted, updated, inPlace] = [
      now.inserted - (was?.inserted ?? 0),
      now.updated - (was?.updated ?? 0),
      now.inPlace - (was?.inPlace ?? 0),
    ];
    if (inserted + updated < count / 10) return [];
    const each = (value: number): string => (value / count).toFixed(1);
    return [`| ${name} | ${each(inserted)} | ${each(updated)} | ${each(inPlace)} |`];
  });
  const note = [
    `${what} writes ${((after.wal - before.wal) / count / 1024).toFixed(1)} KiB of the database's log, right after a checkpoint, and these rows. ` +
      'An update *in place* changes no index (HOT); every other update adds an entry to each index of the table, and leaves a dead row for the vacuum.',
    '',
    '| table | inserted | updated | of them in place |',
    '| --- | ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
  return { result, note };
};
