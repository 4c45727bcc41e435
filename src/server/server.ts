/**
 * The receipt server, for any Node HTTP server. All data is in the store.
 *
 *   client ◀──▶ doors ◀──▶ connection ──▶ submit ──▶ store
 *                               ▲            │
 *                               └─── bus ◀───┘ hints: each connection of a user with changes reads the feed
 *
 * The server imports Node modules and a socket library only in `attach`, so the server also runs inside tests and
 * simulations.
 */
import { UsageError } from '../errors.ts';
import { requireId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { createLocalBus } from './bus/bus.ts';
import { openConnection } from './connection/connection.ts';
import { Admission } from './admission.ts';
import { Connections } from './connections.ts';
import type { Core } from './core.ts';
import { CurrentPolicy } from './current-policy.ts';
import { checkDirectory } from './groups/directory.ts';
import { startExpiry } from './expiry.ts';
import { startRetention } from './retention.ts';
import type { Sweeps } from './sweep.ts';
import { countsChanged } from './counting.ts';
import { heedHint } from './heed-hints.ts';
import { createGroups } from './groups/groups.ts';
import { measuredStore } from './metrics/measured-store.ts';
import { safeMetrics } from './metrics/server-metrics.ts';
import { answerRequest } from './doors/answer-request.ts';
import { Doors } from './doors/doors.ts';
import { requireOrigins } from './doors/origin.ts';
import { type Heeds, Notices } from './notices.ts';
import { changePolicy, DEFAULT_POLICY } from './policy.ts';
import { publishMessage } from './publish.ts';
import { deleteUser } from './history/delete-user.ts';
import { exportUser } from './history/export-user.ts';
import { importMessages } from './history/import-messages.ts';
import { HostPushes } from './push/host-pushes.ts';
import { createStoreProbe, type Readiness } from './readiness.ts';
import type { ReceiptServer, ReceiptServerOptions } from './receipt-server.ts';
import type { ServerStore } from './store/server-store.ts';
import { systemClock } from './system-clock.ts';
import { TokenBuckets } from './token-buckets.ts';
import { Turns } from './store/turns.ts';
import { errorDetails, safeLog } from '../logging.ts';

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
  metrics: 1,
  log: 1,
} as const;
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
  let core: Core | undefined;
  const policy = new CurrentPolicy(changePolicy(DEFAULT_POLICY, options.policy ?? {}), () => {
    retention?.now();
    for (const connection of core?.connections.all() ?? []) connection.tellPolicy();
  });
  let closing = false;
  let closed: Promise<void> | undefined;
  const log = safeLog(options.log);
  const metrics = safeMetrics(options.metrics);
  let expiry: Sweeps | undefined;
  let retention: Sweeps | undefined;
  let notices: Notices | undefined;
  let storeAnswers: (() => Promise<boolean>) | undefined;
  const open = (given: ServerStore): Core => {
    const store = options.metrics ? measuredStore(given, clock, metrics) : given;
    const shared = { store, clock, bus, directory, metrics, log };
    // Only the policy in effect says which messages end: the option alone may be older than the stored policy.
    const endOldMessages = (): void => {
      if (!closing) retention ??= startRetention(shared, () => policy.retention);
    };
    if (!closing) expiry = startExpiry(shared);
    storeAnswers = createStoreProbe(shared);
    const turns = new Turns(clock, store.atOnce ?? 1);
    const connections = new Connections((userId) => bus.watch?.(userId));
    const heeds: Heeds = {
      revoked: (userId) => heedHint(opened, undefined, { kind: 'revoke', userIds: [userId] }),
      policy: (stored) => policy.take(stored),
      lost: () => {
        for (const connection of connections.all()) connection.end(CLOSE.restart, 'restarting');
      },
      known: endOldMessages,
    };
    const opened: Core = {
      ...shared,
      pushes: options.onMessage && new HostPushes({ turns, connections, log }, options.onMessage),
      authenticate,
      groups: createGroups(shared),
      buckets: new TokenBuckets(bus.isLocal ? undefined : (userId, cost) => bus.publish({ kind: 'spent', userId, cost })),
      turns,
      admission: new Admission(() => policy.value.connections),
      connections,
      policy: () => policy.value,
    };
    if (bus.isLocal) endOldMessages();
    else if (!closing) notices = new Notices(shared, heeds);
    return opened;
  };
  const opening: Promise<Core> =
    'then' in options.store ? options.store.then((store) => (core = open(store))) : Promise.resolve((core = open(options.store)));
  opening.catch((error: unknown) => log('error', 'store-not-opened', errorDetails(error)));

  const live = (): Core | undefined => (closing ? undefined : core);
  const readiness = async (): Promise<Readiness> => {
    const answers = closing ? false : await storeAnswers?.();
    if (closing) return 'draining';
    return answers === undefined ? 'starting' : answers ? 'ready' : 'store-silent';
  };
  const { addressOf } = options;
  const doors = new Doors(live, readiness, { path, allowedOrigins, metrics, log, ...(addressOf ? { addressOf } : {}) });
  bus.measure?.((ms) => metrics.observe('tidemark_hint_lag_seconds', ms / 1000, {}));
  const unsubscribe = bus.subscribe((hint) => {
    if (core) heedHint(core, notices, hint);
    expiry?.arm();
  });

  const drain = async (): Promise<void> => {
    unsubscribe();
    const connections = core?.connections.all() ?? [];
    for (const connection of connections) connection.end(CLOSE.restart, 'restarting');
    await doors.closeSockets();
    await Promise.all(connections.map((connection) => connection.settled()));
    await doors.settled();
    await core?.pushes?.settled();
    await expiry?.stop();
    await retention?.stop();
    await notices?.stop();
    const opened = await opening.catch(() => undefined);
    await bus.close?.();
    await opened?.store.close();
    // Until here the doors tell clients to come back, and load balancers that this server is not ready.
    doors.detach();
  };

  const revoke = async (userId: string): Promise<void> => {
    requireId(userId, 'userId');
    bus.publish({ kind: 'revoke', userIds: [userId] });
    await opening;
    await notices?.revoke(userId);
  };

  return {
    attach: (server) => doors.attach(server),
    handle: (request, response) => doors.handle(request, response),
    handleUpgrade: (request, socket, head) => doors.handleUpgrade(request, socket, head),
    fetch: (request, { address } = {}) => doors.fetch(request, address),
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
    countsChanged: async (userId) => countsChanged(await opening, userId),
    publish: (message) => publishMessage(opening, message),
    importMessages: (conversations) => importMessages(opening, conversations),
    setPolicy: (change) => policy.change(change, bus.isLocal ? undefined : (mine) => opening.then(() => notices?.changePolicy(mine))),
    get policy() {
      return policy.value;
    },
    isConnected: (userId) => {
      requireId(userId, 'userId');
      return (core?.connections.of(userId).size ?? 0) > 0;
    },
    revoke,
    deleteUser: async (userId) => deleteUser(await opening, userId, () => revoke(userId)),
    exportUser: (userId) => exportUser(opening, userId),
    readiness,
    close: () => {
      closing = true;
      return (closed ??= drain());
    },
  };
};
