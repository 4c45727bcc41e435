/** The limits of the wire, as plain numbers. The schemas, the client and the server import each of them from here. */
export const MAX_CLIENT_FRAME_BYTES = 64 * 1024;
/** The largest frame of a server, in bytes of UTF-8. */
export const MAX_SERVER_FRAME_BYTES = 256 * 1024;
/** Push services accept little more than 4 KiB after encryption. */
export const MAX_PUSH_BYTES = 3 * 1024;
/** The largest number of levels of arrays and objects inside each other. */
export const MAX_DEPTH = 8;

/** Conversations in one `fetch`, and ranges of each. */
export const MAX_WANTS_PER_FETCH = 200;
export const MAX_RANGES_PER_WANT = 64;

/** The limits of a server with the default policy. A client assumes them until `welcome` gives the server's own. */
export const DEFAULT_LIMITS = {
  entries: 100,
  frameBytes: MAX_CLIENT_FRAME_BYTES,
  fetchMessages: 2000,
  receiptIds: 100,
  members: 100,
  heartbeatMs: 25_000,
};
