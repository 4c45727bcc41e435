/** The entry point `./server/postgres`: the store in a PostgreSQL database that the host runs, and a bus over LISTEN and NOTIFY. */
export { openPostgresStore, type PgClient, type PgPool, type PgStatement, type PostgresStoreOptions } from './store/sql/postgres.ts';
export { createPostgresBus, type PgListener, type PostgresBusOptions } from './bus/postgres.ts';
