/** The public object of the server, its options, and a message that the host publishes. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { UserId } from '../model/ids.ts';
import type { Mentions } from '../model/message/mentions.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { HintBus } from './bus/bus.ts';
import type { Authenticate } from './core.ts';
import type { DoorAnswer } from './doors/answer-request.ts';
import type { Directory } from './groups/directory.ts';
import type { GroupDoor } from './groups/groups.ts';
import type { ServerMetrics } from './metrics/server-metrics.ts';
import type { Policy, PolicyChange } from './policy.ts';
import type { Readiness } from './readiness.ts';
import type { Connection, Socket } from './socket.ts';
import type { ServerStore } from './store/server-store.ts';
import type { ExportedRecord } from './history/export-user.ts';
import type { Imported } from './history/import-messages.ts';
import type { ImportedConversation } from './history/imported.ts';
import type { OnMessage } from './push/host-pushes.ts';
import type { Log } from '../logging.ts';

/** The options of `createReceiptServer`. An unknown name is refused with `usage/invalid-option`. */
export interface ReceiptServerOptions {
  /**
   * An open store, or a promise of one. Until the store is open, the server answers every client "starting,
   * come back". `close()` of the server closes the store.
   */
  readonly store: ServerStore | Promise<ServerStore>;
  /** Says which user a token belongs to. */
  readonly authenticate: Authenticate;
  /**
   * Rules and limits. Default: 100 entries a frame; 2000 entries or KiB of answers a second per user; 64
   * connections per user; 4096 per address, 256 of them before their token is checked; a heartbeat every 25
   * s. Group receipts are off. When they are on, any member may ask for them, in groups of at most 200
   * members, for 3 days, and the sender sees them.
   */
  readonly policy?: PolicyChange;
  /**
   * What the host knows of groups, of blocked senders, and of who may write to whom. Default: the server's own groups,
   * and no blocks.
   */
  readonly directory?: Directory;
  /**
   * Carries hints between the servers of one store: `createNatsBus` of `tidemark/server/nats`, or `createPostgresBus` of
   * `tidemark/server/postgres`. `close()` of the server closes the bus. Default: a bus within this process.
   */
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
   * request's socket. Behind a proxy the other end is the proxy: return the client's address from the proxy's report,
   * such as the last entry of `X-Forwarded-For`.
   */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  /** Clock and timers. Default: the machine's clock. */
  readonly clock?: ClockPort;
  /**
   * Called for every new message that a recipient may want to see, once for each recipient, soon after the message is
   * stored, on the node that stored it. Not called for a message known as read, recalled or not countable; in a muted
   * conversation called only for a mention, with `muted: true`. The host may send `push`, or `declarativePush(push,
   * …)`, as JSON to the devices of `push.userId` by Web Push. If the node dies before the call, the message still
   * arrives through the feed.
   */
  readonly onMessage?: OnMessage;
  /**
   * Takes what this server counts and measures: `prometheusMetrics(client)`, where `client` is the package `prom-client`. METRICS.md lists
   * the metrics. Default: nothing is measured.
   */
  readonly metrics?: ServerMetrics;
  /**
   * Takes every record of this server's log. LOG.md lists the events. Default: warnings and errors go to the
   * console. No record holds a token, a message body or a user's name. An error that this function throws is
   * dropped.
   */
  readonly log?: Log;
}

/** A message that the host writes in the name of a user. */
export interface PublishedMessage {
  /** The user in whose name the message is written. */
  readonly from: UserId;
  /** The other user of a direct chat (`user`), or a group (`group`, without `group:`). */
  readonly to: { readonly user: UserId } | { readonly group: string };
  /** JSON, at most 16 KiB of text. */
  readonly body: unknown;
  /** The message id. Default: random. The same id with the same sender and content is the same message. */
  readonly id?: string;
  /** Whether the sender asks for receipts. Default: true in a direct chat, false in a group. */
  readonly receiptRequested?: boolean;
  /** Whether the message counts as unread. Default: true. */
  readonly countable?: boolean;
  /** Whom the message mentions: at most 100 user ids, or `all` other members. Default: no user. */
  readonly mentions?: Mentions;
}

/** The receipt server: its endpoints, and the calls of the host. */
export interface ReceiptServer extends GroupDoor {
  /**
   * Serves this path of the HTTP server, by WebSocket and POST. Other paths stay with the HTTP server's other
   * listeners.
   */
  attach(server: Server): void;
  /**
   * Answers a request of Node's `http`, for hosts with their own router: in Express `app.use((request, response, next) =>
   * server.handle(request, response) || next())`, before or after a body parser, also in a router below a path. Then hand the upgrades of
   * the HTTP server to {@link ReceiptServer.handleUpgrade}.
   *
   * @returns true if the request was for this server, which then answers it.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /**
   * Takes an `upgrade` event of a Node HTTP server, for hosts that route by themselves: `httpServer.on('upgrade', …)`.
   *
   * @returns true if the upgrade was for this server, which then answers it.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /**
   * Answers a request of the web's own types, as in Hono, Bun, Deno and Next: the frames by POST. Without WebSockets the
   * clients work over HTTP alone, and ask for news by polling.
   *
   * @param about.address the client's address, for the limit on connections of an address. Default: no limit.
   * @returns null if the request is for another path.
   */
  fetch(request: Request, about?: { readonly address?: string }): Promise<Response | null>;
  /**
   * Opens a connection without a network, for tests and simulations. @returns `undefined` while the store
   * opens.
   */
  connect(socket: Socket): Connection | undefined;
  /** Answers one HTTP request body without a network. */
  request(body: string): Promise<DoorAnswer>;
  /**
   * Writes a message as `from`. The server asks the directory, as it does for any sender. The answer has the message's
   * `id` and `seq`, and `sentAt` (epoch ms by the database's clock). @throws {RejectedError}
   */
  publish(message: PublishedMessage): Promise<{ readonly id: string; readonly seq: number; readonly sentAt: number }>;
  /**
   * Stores the history of conversations from another system: messages with their times, read positions and receipts. Unread counts are
   * right at once. Users with a device online get the history like any other change, without a push. The messages of one conversation
   * come in their order, over several calls if there are many. A repeated call changes nothing. Every message counts for its readers:
   * call `countsChanged` for a reader with blocked senders.
   *
   * @returns the number of messages stored now, and the number of messages that an earlier call has stored.
   * @throws {UsageError} for malformed history, before anything is stored, and for a message older than what its conversation has.
   * @throws {RejectedError} for what no client may send, such as a receipt of a user who is no member of the group. What came before it in
   * the call may be stored.
   */
  importMessages(conversations: readonly ImportedConversation[]): Promise<Imported>;
  /**
   * Deletes a user, for good. The connections end, and no entry of the user takes effect any more, however late a device sends it: the id
   * stays known as deleted, and no other user may get it. The user's messages are recalled: bodies go, counts of their readers fall, receipts
   * of the messages end. The user leaves all groups. Position, flags, settings and the texts of receipts are emptied. What others know of the
   * user's receipts stays theirs. Writing to the user is refused. Resolves when all of this is stored; if it rejects, call it again.
   */
  deleteUser(userId: UserId): Promise<void>;
  /**
   * Reads everything that the server holds of a user: settings, then each conversation with the user's own position, flags and receipts,
   * followed by the messages that the user sent in it. @throws {UsageError} at once for a malformed id.
   */
  exportUser(userId: UserId): AsyncIterable<ExportedRecord>;
  /**
   * Changes the policy. The change applies from the next entry on, and the server tells every connection. With a bus to other servers the
   * change is stored, over the option `policy` of each server: it applies on every server within 5 s, and after
   * restarts. Resolves when the change is stored; after a rejection the change is not in effect.
   *
   * @throws {UsageError} `usage/invalid-option`, at once.
   */
  setPolicy(change: PolicyChange): Promise<void>;
  /** The policy in force on this server. */
  readonly policy: Policy;
  /**
   * Whether the user has a live connection to this node. A silently broken connection counts until the next missed
   * heartbeat. @throws {UsageError} `usage/invalid-argument` for a malformed id.
   */
  isConnected(userId: UserId): boolean;
  /**
   * Derives again which unread messages count for this user: call it when the answers of `directory.counts` for this reader have changed, as
   * after a block or its end. The user's devices get the new counts at once, or when they come back. Resolves when the counts are stored. Without
   * `directory.counts` every message counts again. After a restore of the database from a backup, repeat the call for
   * each reader with answers that changed after the backup; for a reader with the same answers the call changes
   * nothing.
   *
   * @throws the error of `directory.counts`, or of the store: repeat the call.
   */
  countsChanged(userId: UserId): Promise<void>;
  /**
   * Closes every connection of the user, on every server: at once, and within 5 s where the bus loses the hint. `authenticate` decides
   * whether the user may connect again. Resolves when the store holds the revocation; after a rejection, repeat the
   * call.
   */
  revoke(userId: UserId): Promise<void>;
  /**
   * Whether a load balancer should send clients here. The store has 2 s to answer. GET `/receipts/ready`, below the server's path, answers
   * the same: 200 for `ready`, 503 for anything else. GET `/receipts/health` answers 200 as long as the process answers.
   */
  readiness(): Promise<Readiness>;
  /**
   * Closes every connection and asks the clients to come back, waits for running work, and closes the store. Until the end it answers new
   * clients "come back", and `readiness` says `draining`. A second call waits for the same end.
   */
  close(): Promise<void>;
}
