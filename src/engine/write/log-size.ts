/**
 * How large the log may be. A compaction writes every page with a new message, so a backlog in many conversations costs least if the
 * log takes all of it first. On the other hand a large log takes memory, and time at the next start.
 *
 *   small ──▶ grows while writes follow each other, and while there is room ──▶ compacted when it rests, or when it is large
 */

export interface LogSize {
  /** Messages in log records and in no page. */
  readonly messages: number;
  readonly records: number;
  /** Characters. */
  readonly text: number;
}

const MIB = 1024 * 1024;

/** Up to this size, the log is not compacted. At four times this text, a full Chromium was seen to refuse every write for good. */
export const SMALL_LOG: LogSize = { messages: 16_384, records: 512, text: MIB };
/** The log never grows beyond this size. */
export const LARGE_LOG: LogSize = { messages: 131_072, records: 8192, text: 32 * MIB };

/** A log without a new record for this long rests. */
export const REST_MS = 250;

/** The log may take this part of the room that is left. The compaction needs as much again. */
const PART_OF_ROOM = 1 / 16;

export const exceeds = (size: LogSize, limit: LogSize): boolean =>
  size.messages >= limit.messages || size.records >= limit.records || size.text >= limit.text;

/** @param room bytes that this device can still store; null if unknown: then the log stays small. */
export const mayGrowTo = (room: number | null): LogSize =>
  room === null ? SMALL_LOG : { ...LARGE_LOG, text: Math.min(LARGE_LOG.text, Math.max(SMALL_LOG.text, room * PART_OF_ROOM)) };
