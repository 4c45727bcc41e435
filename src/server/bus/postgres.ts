/**
 * A bus over LISTEN and NOTIFY, for servers that share only PostgreSQL. The bus keeps a client of the pool.
 *
 *   connect ─▶ listen ─▶ open: send what waits, ask for a sign of life ─▶ broken ─▶ wait ─▶ connect
 */
import { UsageError } from '../../errors.ts';
import { readOptions } from '../../model/option-names.ts';
import type { Log } from '../../logging.ts';
import { systemClock } from '../system-clock.ts';
import type { HintBus } from './bus.ts';
import { Relay } from './relay.ts';

/** A client of the package `pg`, as far as the bus uses it. */
export interface PgListener {
  /** Runs a statement. */
  query(text: string, values?: unknown[]): Promise<unknown>;
  /** Listens for a broken connection. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Listens for the end of the connection. */
  on(event: 'end', listener: () => void): unknown;
  /** Listens for notifications; `payload` is their text. */
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  /** With an error, the pool closes the connection. */
  release(error?: Error | boolean): void;
}

/** The options of `createPostgresBus`. */
export interface PostgresBusOptions {
  /**
   * A pool of the package `pg`, with connections of a session: not behind a pooler that shares connections by
   * transaction. `connect` takes a client out of the pool.
   */
  readonly pool: { connect(): Promise<PgListener> };
  /** Takes the log of the bus. Default: warnings and errors go to the console. */
  readonly log?: Log;
}

const CHANNEL = 'tidemark';
/** PostgreSQL takes less than 8000 bytes. */
const MAX_BYTES = 7900;
const SIGN_OF_LIFE_EVERY_MS = 10_000;
const CLOSE_WITHIN_MS = 2000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2000;

const NOTIFY = `select pg_notify('${CHANNEL}', p.value) from json_array_elements_text($1::text::json) as p`;

/**
 * Creates the bus. While the database is away, each server keeps the names of its changed users and sends them afterwards, and every
 * connection reads its changes once.
 *
 * @throws {UsageError} `usage/invalid-option`
 */
export const createPostgresBus = (options: PostgresBusOptions): HintBus => {
  const { pool, log } = readOptions(options, 'createPostgresBus', { pool: 1, log: 1 }, 'usage/invalid-option');
  if (typeof (pool as PostgresBusOptions['pool'] | undefined)?.connect !== 'function')
    throw new UsageError('usage/invalid-option', 'pool must be a Pool of the package "pg": new Pool({ connectionString })');
  const relay = new Relay(log);
  let isClosed = false;
  const hasEnded = (): boolean => isClosed;
  /** Ends the wait of the open line for hints. */
  let stir: () => void = () => undefined;
  /** Ends the pause before the next try. */
  let endPause: () => void = () => undefined;
  const pause = async (ms: number, keep: (end: () => void) => void): Promise<void> => {
    let cancel: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      keep(resolve);
      cancel = systemClock.timer(ms, resolve);
    });
    cancel();
  };

  const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>(
      (_, reject) => (cancel = systemClock.timer(ms, () => reject(new Error('the database does not answer')))),
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  };

  let hasWaiting = false;
  /** Serves one client until it breaks. @throws the reason */
  const serve = async (client: PgListener, broken: () => Error | undefined, opened: () => void): Promise<void> => {
    await within(SIGN_OF_LIFE_EVERY_MS, client.query(`listen ${CHANNEL}`));
    opened();
    while (!isClosed) {
      const error = broken();
      if (error) throw error;
      if (!hasWaiting) await pause(SIGN_OF_LIFE_EVERY_MS, (end) => (stir = end));
      hasWaiting = false;
      const hints = relay.pending.take();
      const texts = hints.flatMap((hint) => relay.texts(hint, MAX_BYTES));
      try {
        await within(SIGN_OF_LIFE_EVERY_MS, texts.length > 0 ? client.query(NOTIFY, [JSON.stringify(texts)]) : client.query('select 1'));
      } catch (failed) {
        for (const hint of hints) relay.pending.add(hint);
        throw failed;
      }
    }
  };

  const run = async (): Promise<void> => {
    let retryMs = FIRST_RETRY_MS;
    while (!isClosed) {
      let client: PgListener | undefined;
      let broken: Error | undefined;
      try {
        client = await pool.connect();
        client.on('error', (error) => {
          broken ??= error;
          stir();
        });
        client.on('end', () => {
          broken ??= new Error('the connection has ended');
          stir();
        });
        client.on('notification', ({ payload = '' }) => relay.receive(payload));
        await serve(
          client,
          () => broken,
          () => {
            retryMs = FIRST_RETRY_MS;
            hasWaiting = true;
            relay.back();
          },
        );
      } catch (error) {
        relay.away(`the connection to PostgreSQL broke: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        client?.release(true);
      }
      if (!hasEnded()) await pause(retryMs, (end) => (endPause = end));
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  };
  const running = run();

  return {
    publish: (hint) => {
      relay.publish(hint);
      hasWaiting = true;
      stir();
    },
    subscribe: relay.subscribe,
    measure: relay.measure,
    close: async () => {
      isClosed = true;
      stir();
      endPause();
      // A pool may wait for its database without end.
      await within(CLOSE_WITHIN_MS, running).catch(() => undefined);
    },
  };
};
