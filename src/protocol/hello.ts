/**
 * The frames that open a connection and keep it alive: hello, auth, welcome, ping, pong, error.
 *
 *   client  ── hello ──▶  server        client  ── auth ──▶  server (a fresh token)
 *           ◀─ welcome ──                       ◀─ welcome ─
 *           ── ping ───▶                        ◀─ error ─── a refused frame, or the reason of a close that follows
 *           ◀─ changes, if there are any, then pong
 */
import * as v from 'valibot';
import { CursorShape, FrameBytes, FromOne, Id, RequestId, SeqShape, Time } from './shapes.ts';

/** Client → server: the first frame, within 10 s. A URL never carries the token. */
export const Hello = v.strictObject({
  type: v.literal('hello'),
  version: SeqShape,
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)),
  /**
   * The user of the client. If the token names another user, the server answers `auth/wrong-user` and nothing
   * else.
   */
  userId: Id,
  deviceId: Id,
});

/**
 * Client → server: a fresh token on a live connection, before the old token expires. The server answers
 * `welcome`.
 */
export const Auth = v.strictObject({ type: v.literal('auth'), token: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)) });

/**
 * Client → server: asks whether the server is there. The server answers with the missed `changes`, if there
 * are any, and then `pong`.
 */
export const Ping = v.strictObject({ type: v.literal('ping') });

/** The limits of the server. A client learns the limits in the handshake and has no constants for them. */
export const LimitsShape = v.strictObject({
  /** Entries in one `submit`. */
  entries: FromOne,
  /** Bytes in a frame of the client. */
  frameBytes: FrameBytes,
  /** Messages in the answer to one `fetch`. */
  fetchMessages: FromOne,
  /** Ids in one `fetch-receipts`. */
  receiptIds: FromOne,
  /** Members on one page of `fetch-members`. */
  members: FromOne,
  /**
   * A client sends `ping` after this time without a frame from the server, or after twice this time without
   * sending a frame.
   */
  heartbeatMs: FromOne,
});

/** The server's policy for receipts in groups. The server enforces the policy; a client may show it. */
export const ReceiptPolicyShape = v.strictObject({
  /** Whether group messages may ask for receipts. If not, the server rejects a message that asks. */
  groups: v.boolean(),
  mayRequest: v.picklist(['members', 'admins']),
  /** The receipt window: how long after a message the server accepts receipts, ms. */
  windowMs: SeqShape,
  /**
   * The largest group with receipts. In a larger group the server accepts a message without its request for
   * receipts.
   */
  maxMembers: SeqShape,
  /** The members who see the number and the list of readers: the sender, or all members. */
  visibleTo: v.picklist(['sender', 'members']),
});

/**
 * Server → client: the token is valid for the user. The answers to earlier frames follow. The server sends
 * welcome again when the policy changes.
 */
export const Welcome = v.strictObject({
  type: v.literal('welcome'),
  version: SeqShape,
  userId: Id,
  /**
   * The time until the token expires, ms; `null` for never. A duration, because the clock of a client may be
   * wrong.
   */
  expiresInMs: v.nullable(SeqShape),
  limits: LimitsShape,
  receipts: ReceiptPolicyShape,
});

/**
 * Server → client: answers a ping, after the missed changes. `caughtUp`: at this time the server had no change after this cursor, the end of
 * the last frame on this connection.
 */
export const Pong = v.strictObject({
  type: v.literal('pong'),
  caughtUp: v.optional(v.strictObject({ cursor: CursorShape, asOf: Time })),
});

export const WireErrorCode = v.picklist([
  'protocol/bad-frame',
  'protocol/version-unsupported',
  'protocol/cursor-unknown',
  'auth/expired',
  'auth/forbidden',
  'auth/wrong-user',
  'auth/origin-refused',
  'server/busy',
]);

/**
 * Server → client: the server refused a frame; `id` is the request id of the frame, if any. The
 * connection stays open unless a close follows.
 */
export const WireError = v.strictObject({
  type: v.literal('error'),
  code: WireErrorCode,
  message: v.string(),
  id: v.optional(RequestId),
  /** The shortest wait before the client sends the frame again, ms. */
  retryAfterMs: v.optional(SeqShape),
});
