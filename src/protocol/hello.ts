/** Opening a connection and keeping it: hello, auth, welcome, ping, pong, error. */
import * as v from 'valibot';
import { Id, RequestId, SeqShape } from './shapes.ts';

/** Client → server, first frame, within 10 s. The token travels here only, never in a URL. */
export const Hello = v.strictObject({
  type: v.literal('hello'),
  version: SeqShape,
  token: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)),
  /** Whose client this is: a token that names somebody else ends in `auth/wrong-user` before anything is answered. */
  userId: Id,
  deviceId: Id,
});

/** Client → server: a fresh token on a live connection, before the old one expires. Answered by `welcome`. */
export const Auth = v.strictObject({ type: v.literal('auth'), token: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)) });

/** Client → server: are you there; anything I missed? Answered by `changes` if there are any, then `pong`. */
export const Ping = v.strictObject({ type: v.literal('ping') });

/** What the server takes and allows; told in the handshake, never a constant in a client. */
export const LimitsShape = v.strictObject({
  /** Entries in one `submit`. */
  entries: v.pipe(SeqShape, v.minValue(1)),
  /** Bytes of a client frame. */
  frameBytes: v.pipe(SeqShape, v.minValue(1024)),
  /** Messages asked for by one `fetch`. */
  fetchMessages: v.pipe(SeqShape, v.minValue(1)),
  /** Ids in one `fetch-receipts`. */
  receiptIds: v.pipe(SeqShape, v.minValue(1)),
  /** Members on one page of `fetch-members`. */
  members: v.pipe(SeqShape, v.minValue(1)),
  /** A client that heard nothing for this long, or sent nothing for twice as long, sends `ping`. */
  heartbeatMs: v.pipe(SeqShape, v.minValue(1)),
});

/** What the server's policy says of receipts in groups. The server decides; a client may show it. */
export const ReceiptPolicyShape = v.strictObject({
  /** Off: a message that asks is refused. */
  groups: v.boolean(),
  mayRequest: v.picklist(['members', 'admins']),
  /** How long a receipt is taken, from the message. */
  windowMs: SeqShape,
  /** In a larger group a message goes out without receipts. */
  maxMembers: SeqShape,
  /** Who sees counts and lists. */
  visibleTo: v.picklist(['sender', 'members']),
});

/** Server → client: the account is named; everything asked before it is answered after it. Again when the policy changes. */
export const Welcome = v.strictObject({
  type: v.literal('welcome'),
  version: SeqShape,
  userId: Id,
  /** The token ends in so many ms, `null` for never: a span, since no clock of a client is believed. */
  expiresInMs: v.nullable(SeqShape),
  limits: LimitsShape,
  receipts: ReceiptPolicyShape,
});

export const Pong = v.strictObject({ type: v.literal('pong') });

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

/** Server → client: one frame was not taken (`id` says which, where it had one); the connection lives unless a close follows. */
export const WireError = v.strictObject({
  type: v.literal('error'),
  code: WireErrorCode,
  message: v.string(),
  id: v.optional(RequestId),
  /** Not before this many ms. */
  retryAfterMs: v.optional(SeqShape),
});
