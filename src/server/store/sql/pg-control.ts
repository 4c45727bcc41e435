/** The file with which PostgreSQL starts, `global/pg_control`, and the piece of the write-ahead log that it names. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FILE_BYTES = 8192;
/** Of PostgreSQL 18. The places of other versions are not known here, and PostgreSQL itself refuses those. */
const VERSION = 1800;
const AT = { version: 8, checkpoint: 32, redo: 40, timeline: 48, segmentBytes: 228, checksum: 292 } as const;

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

/** Every segment of the log begins with its own place in it. */
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

/** @returns What is wrong, in words; `undefined` where nothing is. */
export const faultOfControlFile = (pg: string): string | undefined => {
  const bytes = readFileSync(join(pg, 'global/pg_control'));
  if (bytes.length !== FILE_BYTES) return `"global/pg_control" has ${bytes.length} bytes instead of ${FILE_BYTES}`;
  const version = bytes.readUInt32LE(AT.version);
  if (version !== VERSION) return `"global/pg_control" is of version ${version} instead of ${VERSION}`;
  if (crc32c(bytes.subarray(0, AT.checksum)) !== bytes.readUInt32LE(AT.checksum)) return 'the checksum of "global/pg_control" is wrong';
  const segmentBytes = bytes.readUInt32LE(AT.segmentBytes);
  const timeline = bytes.readUInt32LE(AT.timeline);
  for (const place of [AT.redo, AT.checkpoint]) {
    const fault = faultOfSegment(pg, timeline, bytes.readBigUInt64LE(place) / BigInt(segmentBytes), segmentBytes);
    if (fault !== undefined) return fault;
  }
  return undefined;
};
