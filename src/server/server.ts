/**
 * The receipt server, for any Node HTTP server. All data is in the store.
 *
 *   client ◀──▶ doors ◀──▶ connection ──▶ submit ──▶ store
 *                               ▲            │
 *                               └─── bus ◀───┘ hints: each connection of a user with changes reads the feed
 *
 * The server imports neither Node modules nor a socket library until it is attached, so it also runs inside
 * tests and simulations.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RejectedError, UsageError } from '../errors.ts';
import { type ConversationId, requireId, type UserId } from '../model/ids.ts';
import { bodyText } from '../model/message.ts';
import { readOptions } from '../model/option-names.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { ClockPort } from '../ports/ports.ts';
import { createLocalBus, type HintBus } from './bus.ts';
import { openConnection } from './connection/connection.ts';
import { Admission } from './admission.ts';
import { Connections } from './connections.ts';
import type { Authenticate, Core } from './core.ts';
import { checkDirectory, type Directory } from './groups/directory.ts';
import { type Expiry, startExpiry } from './expiry.ts';
import { createGroups, type GroupDoor } from './groups/groups.ts';
import { answerRequest, createHttpDoor, type DoorAnswer } from './doors/http.ts';
import { requireOrigins } from './doors/origin.ts';
import { changePolicy, DEFAULT_POLICY, type Policy, type PolicyChange, TokenBuckets } from './policy.ts';
import type { ServerStore } from './store/server-store.ts';
import type { Connection, Socket } from './socket.ts';
import { submitEntries } from './submit/submit.ts';
import { systemClock } from './system-clock.ts';
import { inTurnsOf, Turns } from './store/turns.ts';
import type { WebSocketDoor } from './doors/ws.ts';
import { appErrorDetails, errorDetails, type Log, safeLog } from '../logging.ts';

export interface ReceiptServerOptions {
  /**
   * An open store, or a promise of one. Until the store is open, the server answers every client "starting,
   * come back". `close()` of the server closes the store.
   */
  readonly store: ServerStore | Promise<ServerStore>;
  readonly authenticate: Authenticate;
  /**
   * Rules and limits. Default: 100 entries a frame; 2000 entries or KiB of answers a second per user; 64
   * connections per user; 4096 per address, 256 of them before their token is checked; a heartbeat every 25
   * s. Group receipts are off. When they are on, any member may ask for them, in groups of at most 200
   * members, for 3 days, and the sender sees them.
   */
  readonly policy?: PolicyChange;
  readonly directory?: Directory;
  /** Carries hints between nodes. Default: a bus within this process. */
  readonly bus?: HintBus;
  /**
   * Exact origins of pages allowed to connect, such as `https://chat.example`. Default: pages of the server's
   * own host.
   */
  readonly allowedOrigins?: readonly string[];
  /** The path of the server. Default `/receipts`. */
  readonly path?: string;
  /**
   * Returns the address for the limit on connections (`policy.connections`). Default: the other end of the
   * request's socket. Behind a proxy that is the proxy: return the client's address as the proxy reports it,
   * such as the last entry of `X-Forwarded-For`.
   */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  /** Clock and timers. Default: the machine's clock. */
  readonly clock?: ClockPort;
  /**
   * The server calls this for every countable new message, once for each recipient, after the message is
   * stored, on the node that stored it. The host may send `push` to this user's devices by Web Push, as JSON.
   * If the node dies before the call, the message still arrives through the feed.
   */
  readonly onMessage?: (push: PushFrame) => void;
  /**
   * Takes every record of this server's log. LOG.md lists the events. Default: warnings and errors go to the
   * console. No record holds a token, a message body or a user's name. An error that this function throws is
   * dropped.
   */
  readonly log?: Log;
}

export interface PublishedMessage {
  readonly from: UserId;
  readonly to: { readonly user: UserId } | { readonly group: string };
  /** JSON, at most 16 KiB of text. */
  readonly body: unknown;
  /** The message id. Default: random. The same id with the same sender and content is the same message. */
  readonly id?: string;
  /** Whether the sender asks for receipts. Default: true in a direct chat, false in a group. */
  readonly receiptRequested?: boolean;
  /** Whether the message counts as unread. Default: true. */
  readonly countable?: boolean;
}

export interface ReceiptServer extends GroupDoor {
  /**
   * Serves this path of the HTTP server, by WebSocket and POST. Other paths stay with the HTTP server's other
   * listeners.
   */
  attach(server: Server): void;
  /**
   * Answers a request, for hosts with their own router. @returns whether the request was for this server; if
   * so, the server answers it.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /**
   * Opens a connection without a network, for tests and simulations. @returns `undefined` while the store
   * opens.
   */
  connect(socket: Socket): Connection | undefined;
  /** Answers one HTTP request body without a network. */
  request(body: string): Promise<DoorAnswer>;
  /**
   * Writes a message as `from`. The server asks the directory, as it does for any sender. @throws
   * {RejectedError}
   */
  publish(message: PublishedMessage): Promise<{ readonly id: string; readonly seq: number; readonly sentAt: number }>;
  /**
   * Changes the policy. The change applies from the next entry on, and the server tells every connection.
   * @throws {UsageError} `usage/invalid-option`
   */
  setPolicy(change: PolicyChange): void;
  readonly policy: Policy;
  /** Closes every connection of the user. `authenticate` decides whether the user may connect again. */
  revoke(userId: UserId): void;
  /**
   * Closes every connection and asks the clients to come back, waits for running work, and closes the store.
   */
  close(): Promise<void>;
}

const OPTIONS = {
  store: 1,
  authenticate: 1,
  policy: 1,
  directory: 1,
  bus: 1,
  allowedOrigins: 1,
  path: 1,
  addressOf: 1,
  clock: 1,
  onMessage: 1,
  log: 1,
} as const;
const MESSAGE = { from: 1, to: 1, body: 1, id: 1, receiptRequested: 1, countable: 1 } as const;

/** The conversation of a published message, as the sender names it. @throws {UsageError} */
const conversationOf = (to: PublishedMessage['to']): ConversationId => {
  const { user, group } = readOptions<{ user?: unknown; group?: unknown }>(to, 'publish: to', { user: 1, group: 1 });
  if ((user === undefined) === (group === undefined))
    throw new UsageError('usage/invalid-argument', 'publish: to must be { user } or { group }, one of them');
  return user === undefined ? `group:${requireId(group, 'to.group')}` : `direct:${requireId(user, 'to.user')}`;
};

/**
 * Creates the receipt server. @throws {UsageError} `usage/invalid-option`, also for an option with an unknown
 * name.
 */
export const createReceiptServer = (options: ReceiptServerOptions): ReceiptServer => {
  readOptions(options, 'createReceiptServer', OPTIONS, 'usage/invalid-option');
  const { authenticate, directory, allowedOrigins, path = '/receipts', bus = createLocalBus(), clock = systemClock } = options;
  checkDirectory(directory);
  if (!path.startsWith('/') || path.includes('?'))
    throw new UsageError('usage/invalid-option', `path must be a path such as "/receipts"; got ${path}`);
  requireOrigins(allowedOrigins);
  let policy = changePolicy(DEFAULT_POLICY, options.policy ?? {});
  let core: Core | undefined;
  let closing = false;
  const log = safeLog(options.log);
  let expiry: Expiry | undefined;
  const open = (store: ServerStore): Core => {
    const shared = { store, clock, bus, directory, log };
    if (!closing) expiry = startExpiry(shared);
    return {
      ...shared,
      onMessage: options.onMessage,
      authenticate,
      groups: createGroups(shared),
      buckets: new TokenBuckets(),
      turns: new Turns(clock, store.atOnce ?? 1),
      admission: new Admission(() => policy.connections),
      connections: new Connections(),
      policy: () => policy,
    };
  };
  const opening: Promise<Core> =
    'then' in options.store ? options.store.then((store) => (core = open(store))) : Promise.resolve((core = open(options.store)));
  opening.catch((error: unknown) => log('error', 'store-not-opened', errorDetails(error)));

  const live = (): Core | undefined => (closing ? undefined : core);
  const door = { path, allowedOrigins, addressOf: options.addressOf ?? ((request: IncomingMessage) => request.socket.remoteAddress) };
  const handle = createHttpDoor(live, door);
  const webSockets: Promise<WebSocketDoor>[] = [];
  const detach: (() => void)[] = [
    bus.subscribe(({ kind, userIds }) => {
      for (const userId of userIds) for (const connection of core?.connections.of(userId) ?? []) connection.wake(kind);
      expiry?.arm();
    }),
  ];

  return {
    attach: (server) => {
      const loading = import('./doors/ws.ts').then(({ createWebSocketDoor }) => createWebSocketDoor(live, door));
      webSockets.push(loading);
      loading.catch((error: unknown) =>
        log('error', 'ws-not-loaded', { message: 'the WebSocket door needs the package "ws"', ...appErrorDetails(error) }),
      );
      const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        const mine = (request.url ?? '/').split('?', 1)[0] === path;
        if (mine) {
          loading.then(
            (ready) => ready.upgrade(request, socket, head),
            () => socket.destroy(),
          );
        } else if (server.listenerCount('upgrade') === 1) socket.destroy(); // no other listener would answer
      };
      // The host's listeners would answer our path with a 404 before this server is done, so they are called
      // only for other paths.
      const others = server.listeners('request');
      const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
        if (handle(request, response)) return;
        for (const other of others) Reflect.apply(other, server, [request, response]);
        if (others.length === 0 && server.listenerCount('request') === 1) response.writeHead(404).end();
      };
      server.removeAllListeners('request');
      server.on('upgrade', onUpgrade);
      server.on('request', onRequest);
      detach.push(() => {
        server.off('upgrade', onUpgrade);
        server.off('request', onRequest);
        for (const other of others) server.on('request', other as (...args: unknown[]) => void);
      });
    },
    handle,
    connect: (socket) => {
      const now = live();
      // A connection without a network has no address, and only the limit of an address refuses a ticket.
      const ticket = now?.admission.enter(undefined);
      return now && ticket && openConnection(now, socket, { ticket });
    },
    request: async (body) => {
      const now = await opening;
      const ticket = now.admission.enter(undefined)!;
      try {
        return await answerRequest(now, body, ticket);
      } finally {
        ticket.leave();
      }
    },
    createGroup: async (group) => (await opening).groups.createGroup(group),
    addMember: async (groupId, userId, how) => (await opening).groups.addMember(groupId, userId, how),
    removeMember: async (groupId, userId) => (await opening).groups.removeMember(groupId, userId),
    membersChanged: async (groupId) => (await opening).groups.membersChanged(groupId),
    publish: async (message) => {
      const { from, to, body, id = crypto.randomUUID(), receiptRequested, countable = true } = readOptions(message, 'publish', MESSAGE);
      requireId(from, 'from');
      const conversationId = conversationOf(to);
      const entry = {
        kind: 'message',
        key: requireId(id, 'id'),
        conversationId,
        cursor: null,
        id,
        body: bodyText(body),
        receiptRequested: receiptRequested ?? conversationId.startsWith('direct:'),
        countable,
      };
      const now = await opening;
      const mine = { ...now, store: inTurnsOf(now.store, now.turns, from) };
      const { results, hints } = await submitEntries(mine, { userId: from, deviceId: 'server' }, [entry]);
      const [result] = results;
      if (result?.outcome === 'confirmed' && result.message) {
        for (const hint of hints) bus.publish(hint);
        return { id, ...result.message };
      }
      if (result?.outcome === 'rejected') throw new RejectedError(result.code, result.message, id);
      throw new Error('the store did not take the message; publishing it again under the same id is safe');
    },
    setPolicy: (change) => {
      policy = changePolicy(policy, change);
      for (const connection of core?.connections.all() ?? []) connection.tellPolicy();
    },
    get policy() {
      return policy;
    },
    revoke: (userId) => {
      requireId(userId, 'userId');
      for (const connection of [...(core?.connections.of(userId) ?? [])]) connection.end(CLOSE.unauthorized, 'auth/forbidden');
    },
    close: async () => {
      if (closing) return;
      closing = true;
      for (const step of detach) step();
      const connections = core?.connections.all() ?? [];
      for (const connection of connections) connection.end(CLOSE.restart, 'restarting');
      for (const loaded of await Promise.allSettled(webSockets)) if (loaded.status === 'fulfilled') loaded.value.close();
      await Promise.all(connections.map((connection) => connection.settled()));
      await expiry?.stop();
      const opened = await opening.catch(() => undefined);
      await opened?.store.close();
    },
  };
};
