/**
 * `./server/nats`: a bus over NATS. Hints for users travel on 64 subjects, by a hash of the user id. A server subscribes to a subject when
 * the first user of the subject connects to it.
 */
import { UsageError } from '../../errors.ts';
import { readOptions } from '../../model/option-names.ts';
import type { UserId } from '../../model/ids.ts';
import type { Log } from '../../logging.ts';
import type { Hint, HintBus } from './bus.ts';
import { Relay } from './relay.ts';

export type { Hint, HintBus, NewsHint } from './bus.ts';

/** A connection of the package `@nats-io/transport-node`, as far as the bus uses it. */
export interface NatsConnection {
  /** Sends a text to the subscribers of a subject. */
  publish(subject: string, text: string): void;
  /** Calls `callback` with an error, or with each message of the subject; `string()` is its text. `unsubscribe` ends it. */
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: { string(): string }) => void },
  ): { unsubscribe(): void };
  /** Resolves when the server has what was published. */
  flush(): Promise<void>;
  /** The changes of the connection, by their `type`. */
  status(): AsyncIterable<{ readonly type: string }>;
  /** Resolves when the connection has ended for good. */
  closed(): Promise<unknown>;
}

/** The options of `createNatsBus`. */
export interface NatsBusOptions {
  /**
   * The connection, or a promise of a connection: `connect({ servers, maxReconnectAttempts: -1, waitOnFirstConnect:
   * true })`. The bus neither configures nor closes the connection. With a bound on the attempts to reconnect, an
   * outage of NATS may end the bus for good.
   */
  readonly connection: NatsConnection | Promise<NatsConnection>;
  /** The first part of every subject. Servers with the same store have the same. Default `tidemark`. */
  readonly prefix?: string;
  /** Takes the log of the bus. Default: warnings and errors go to the console. */
  readonly log?: Log;
}

/** The number of subjects for users. */
export const USER_SUBJECTS = 64;
/** NATS takes 1 MB by default. */
const MAX_BYTES = 64 * 1024;

/** FNV-1a of the UTF-16 units: all servers agree on it. */
export const subjectNumber = (userId: UserId): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < userId.length; i++) hash = Math.imul(hash ^ userId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % USER_SUBJECTS;
};

/** The parts of a hint by their subjects, behind the prefix. Every server takes a hint `spent`: its user may come to any of them later. */
const bySubject = (hint: Hint): readonly (readonly [subject: string, part: Hint])[] => {
  if (!('userIds' in hint)) return [['all', hint]];
  const parts = new Map<number, UserId[]>();
  for (const userId of hint.userIds) {
    const number = subjectNumber(userId);
    const part = parts.get(number);
    if (part) part.push(userId);
    else parts.set(number, [userId]);
  }
  return [...parts].map(([number, userIds]) => [`users.${number}`, { kind: hint.kind, userIds }]);
};

/**
 * Creates the bus. While NATS is away, each server keeps the names of its changed users and sends them afterwards, and every connection
 * reads its changes once.
 *
 * @throws {UsageError} `usage/invalid-option`
 */
export const createNatsBus = (options: NatsBusOptions): HintBus => {
  const {
    connection,
    prefix = 'tidemark',
    log,
  } = readOptions(options, 'createNatsBus', { connection: 1, prefix: 1, log: 1 }, 'usage/invalid-option');
  if (typeof prefix !== 'string' || !/^[\w-]+(\.[\w-]+)*$/.test(prefix))
    throw new UsageError(
      'usage/invalid-option',
      `prefix must be a NATS subject of letters, digits, "_", "-" and dots; got ${JSON.stringify(prefix)}`,
    );
  if (
    typeof connection !== 'object' ||
    (!('then' in connection) && typeof (connection as NatsConnection | undefined)?.publish !== 'function')
  )
    throw new UsageError('usage/invalid-option', 'connection must be a connection of "@nats-io/transport-node", or a promise of one');
  const relay = new Relay(log);
  let nats: NatsConnection | undefined;
  let isUp = false;
  let isClosed = false;
  const hasEnded = (): boolean => isClosed;
  const subscriptions: { unsubscribe(): void }[] = [];
  /**
   * The numbers of the subjects with a subscription. While a subscription begins, its subject also has the users who
   * wait for the begin.
   */
  const watched = new Map<number, UserId[] | true>();

  const listen = (line: NatsConnection, subject: string): void =>
    void subscriptions.push(
      line.subscribe(`${prefix}.${subject}`, { callback: (error, message) => void (error ?? relay.receive(message.string())) }),
    );
  const send = (): void => {
    if (!nats || !isUp) return;
    for (const hint of relay.pending.take())
      for (const [subject, part] of bySubject(hint))
        for (const text of relay.texts(part, MAX_BYTES)) {
          try {
            nats.publish(`${prefix}.${subject}`, text);
          } catch {
            relay.pending.add(part); // the connection ends: its status says so
          }
        }
  };
  const listenTo = async (line: NatsConnection, number: number): Promise<void> => {
    listen(line, `users.${number}`);
    await line.flush();
    const waiting = watched.get(number);
    watched.set(number, true);
    // Hints from before the subscription are lost.
    if (Array.isArray(waiting)) relay.tell({ kind: 'changes', userIds: waiting });
  };
  /** NATS has taken the subscriptions once it has answered. */
  const opened = async (line: NatsConnection): Promise<void> => {
    try {
      await line.flush();
    } catch {
      return; // it broke again: its status says so
    }
    isUp = true;
    relay.back();
    send();
  };
  const follow = async (): Promise<void> => {
    const line = await connection;
    if (isClosed) return;
    nats = line;
    void line.closed().then((error) => {
      isUp = false;
      if (!isClosed) relay.away(`the connection to NATS has ended${error instanceof Error ? `: ${error.message}` : ''}`);
    });
    const states = line.status();
    listen(line, 'all');
    for (const number of watched.keys()) listenTo(line, number).catch(() => undefined); // its status says so
    await opened(line);
    for await (const { type } of states) {
      if (hasEnded()) return;
      if (type === 'disconnect') {
        isUp = false;
        relay.away('the connection to NATS broke');
      } else if (type === 'reconnect') {
        await opened(line);
      } else if (type === 'slowConsumer') relay.tell({ kind: 'gap' });
    }
  };
  follow().catch((error: unknown) => relay.away(`no connection to NATS: ${error instanceof Error ? error.message : String(error)}`));

  return {
    publish: (hint) => {
      relay.publish(hint);
      send();
    },
    subscribe: relay.subscribe,
    measure: relay.measure,
    watch: (userId) => {
      const number = subjectNumber(userId);
      const state = watched.get(number);
      if (state === true) return;
      if (state) return void state.push(userId);
      watched.set(number, [userId]);
      if (nats) listenTo(nats, number).catch(() => undefined); // after a reconnect the subscription holds, and a hint of the gap follows
    },
    close: async () => {
      isClosed = true;
      isUp = false;
      for (const subscription of subscriptions) subscription.unsubscribe();
      await nats?.flush().catch(() => undefined);
    },
  };
};
