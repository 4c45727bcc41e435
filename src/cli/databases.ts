/** Where `tidemark serve` keeps its data: a folder of this machine, or a PostgreSQL that several servers share. */
import { join } from 'node:path';
import type { HintBus } from '../server/bus/bus.ts';
import type { ServerStore } from '../server/store/server-store.ts';
import type { ServeOptions } from './options.ts';

export interface Database {
  open(): Promise<ServerStore>;
  /** Absent if no other server shares the data. */
  readonly bus?: HintBus;
  /** Ends the lines to the database and the bus, after the server has closed both. */
  close(): Promise<void>;
}

/** A database that is away does not hold up the end of the server for longer. */
const CLOSE_WITHIN_MS = 2000;

const inFolder = async (folder: string): Promise<Database> => {
  const { openPgliteStore } = await import('../server/store/sql/pglite.ts');
  return { open: () => openPgliteStore(join(folder, 'store')), close: async () => undefined };
};

/** The addresses of NATS; a user or a token in the first address signs the server in. */
const natsOptions = (addresses: readonly string[]) => {
  const urls = addresses.map((address) => new URL(address));
  const [user, pass] = [urls[0]!.username, urls[0]!.password].map(decodeURIComponent) as [string, string];
  return {
    servers: urls.map(({ host }) => host),
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ...(urls[0]!.protocol === 'tls:' ? { tls: {} } : {}),
    ...(pass ? { user, pass } : user ? { token: user } : {}),
  };
};

const onPostgres = async (connectionString: string, bus: ServeOptions['bus']): Promise<Database> => {
  const { Pool } = await import('pg');
  const { createPostgresBus, openPostgresStore } = await import('../server/postgres.ts');
  const pool = new Pool({ connectionString });
  const open = () => openPostgresStore({ pool });
  const endPool = async (): Promise<void> => {
    let late: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([pool.end(), new Promise<void>((resolve) => (late = setTimeout(resolve, CLOSE_WITHIN_MS)))]);
    clearTimeout(late);
  };
  if (bus === 'postgres') return { open, bus: createPostgresBus({ pool }), close: endPool };
  const { connect } = await import('@nats-io/transport-node');
  const { createNatsBus } = await import('../server/bus/nats.ts');
  const connection = connect(natsOptions(bus));
  connection.catch(() => undefined); // the bus logs it
  return {
    open,
    bus: createNatsBus({ connection }),
    close: async () => {
      // A NATS that was never there never answers.
      void connection.then((nats) => nats.close()).catch(() => undefined);
      await endPool();
    },
  };
};

/** The database of the command line. Only its own packages are loaded. */
export const databaseOf = ({ postgres, bus, data }: ServeOptions): Promise<Database> =>
  postgres === undefined ? inFolder(data) : onPostgres(postgres, bus);
