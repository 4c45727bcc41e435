/**
 * Checks the start file of PostgreSQL, `global/pg_control`, and the segments of the write-ahead log named in the
 * file.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FILE_BYTES = 8192;
/**
 * The file version of PostgreSQL 18. `OFFSET` is valid for this version only, and PostgreSQL 18 refuses other
 * versions too.
 */
const VERSION = 1800;
const OFFSET = { version: 8, checkpoint: 32, redo: 40, timeline: 48, segmentBytes: 228, checksum: 292 } as const;

/** CRC-32C, as PostgreSQL computes it. */
const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
};

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** Checks one segment of the log. A segment begins with its own position in the log. */
const faultOfSegment = (pg: string, timeline: number, segment: bigint, segmentBytes: number): string | undefined => {
  const perId = 0x1_0000_0000n / BigInt(segmentBytes);
  const name = `pg_wal/${hex(timeline)}${hex(Number(segment / perId))}${hex(Number(segment % perId))}`;
  const stats = statSync(join(pg, name), { throwIfNoEntry: false });
  if (!stats) return `the file "${name}" of its log is missing`;
  if (stats.size !== segmentBytes) return `the file "${name}" of its log has ${stats.size} bytes instead of ${segmentBytes}`;
  const head = Buffer.alloc(16);
  const file = openSync(join(pg, name), 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return head.readBigUInt64LE(8) === segment * BigInt(segmentBytes) ? undefined : `the file "${name}" holds no log`;
};

/** @returns the fault, in words; `undefined` if the file is whole. */
export const faultOfControlFile = (pg: string): string | undefined => {
  const bytes = readFileSync(join(pg, 'global/pg_control'));
  if (bytes.length !== FILE_BYTES) return `"global/pg_control" has ${bytes.length} bytes instead of ${FILE_BYTES}`;
  const version = bytes.readUInt32LE(OFFSET.version);
  if (version !== VERSION) return `"global/pg_control" is of version ${version} instead of ${VERSION}`;
  if (crc32c(bytes.subarray(0, OFFSET.checksum)) !== bytes.readUInt32LE(OFFSET.checksum))
    return 'the checksum of "global/pg_control" is wrong';
  const segmentBytes = bytes.readUInt32LE(OFFSET.segmentBytes);
  const timeline = bytes.readUInt32LE(OFFSET.timeline);
  for (const offset of [OFFSET.redo, OFFSET.checkpoint]) {
    const fault = faultOfSegment(pg, timeline, bytes.readBigUInt64LE(offset) / BigInt(segmentBytes), segmentBytes);
    if (fault !== undefined) return fault;
  }
  return undefined;
};
