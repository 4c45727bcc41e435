/** The buses against their contract: within one process, over NATS, and over LISTEN and NOTIFY. */
import { connect } from '@nats-io/transport-node';
import { describe } from 'vitest';
import { createLocalBus } from '../../src/server/bus/bus.ts';
import { createNatsBus } from '../../src/server/bus/nats.ts';
import { createPostgresBus } from '../../src/server/bus/postgres.ts';
import { cuttableLine } from '../support/cuttable-line.ts';
import { findNats, MISSING_NATS, startNats } from '../support/test-nats.ts';
import { findPostgres, MISSING_POSTGRES, startPostgres } from '../support/test-postgres.ts';
import { describeHintBus } from './hint-bus.ts';

const missing = [...(findNats() ? [] : [MISSING_NATS]), ...(findPostgres() ? [] : [MISSING_POSTGRES])];
if (missing.length > 0 && process.env['ENGINES'] === 'all') throw new Error(`ENGINES is all, and ${missing.join('; ')}`);
for (const line of missing) console.warn(line);

describeHintBus(
  'within one process',
  async () => {
    const bus = createLocalBus();
    return { open: async () => ({ bus }), end: async () => undefined };
  },
  false,
);

describe.skipIf(!findNats())('over NATS', () => {
  describeHintBus(
    'NATS',
    async () => {
      const nats = await startNats();
      const ends: (() => Promise<void>)[] = [];
      return {
        open: async (log) => {
          const own = await cuttableLine({ host: '127.0.0.1', port: nats.port });
          const connection = connect({
            servers: `127.0.0.1:${own.port}`,
            maxReconnectAttempts: -1,
            reconnectTimeWait: 100,
            waitOnFirstConnect: true,
            ignoreClusterUpdates: true,
          });
          ends.push(async () => {
            await (await connection).close();
            own.end();
          });
          return { bus: createNatsBus({ connection, log }), own };
        },
        stop: () => nats.stop(),
        start: () => nats.start(),
        end: async () => {
          for (const end of ends) await end();
          await nats.stop();
        },
      };
    },
    true,
  );
});

describe.skipIf(!findPostgres())('over PostgreSQL', () => {
  describeHintBus(
    'LISTEN and NOTIFY',
    async () => {
      const postgres = startPostgres();
      const ends: (() => Promise<void>)[] = [];
      return {
        open: async (log) => {
          const own = await cuttableLine({ path: postgres.socket });
          const pool = postgres.pool('postgres', { host: '127.0.0.1', port: own.port });
          ends.push(async () => {
            await pool.end();
            own.end();
          });
          return { bus: createPostgresBus({ pool, log }), own };
        },
        stop: async () => postgres.pause(),
        start: async () => postgres.restart(),
        end: async () => {
          for (const end of ends) await end();
          postgres.stop();
        },
      };
    },
    true,
  );
});
