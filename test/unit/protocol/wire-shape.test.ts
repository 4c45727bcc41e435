import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ClientFrameShape, ServerFrameShape } from '../../../src/protocol/frames.ts';
import { DeclarativePushShape, PushShape } from '../../../src/protocol/push.ts';
import { EntryShape } from '../../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

/**
 * The shape of the wire under each version. A released line is never edited: a change of shape raises `PROTOCOL_VERSION`, tells its
 * history there and in PROTOCOL.md, and adds a line here. Until version 1 is released its line may follow.
 */
const SHAPES: Record<number, string> = {
  1: 'f97e1b10317e7654',
};

/** Describes a schema without its functions, which are described by their requirement or message. */
const describeSchema = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(describeSchema);
  if (typeof schema !== 'object' || schema === null) return typeof schema === 'function' ? undefined : schema;
  const said: [string, unknown][] = [];
  for (const key of [
    'kind',
    'type',
    'literal',
    'options',
    'entries',
    'item',
    'items',
    'wrapped',
    'pipe',
    'requirement',
    'message',
    'key',
  ]) {
    if (!(key in schema)) continue;
    const value: unknown = Reflect.get(schema, key);
    // A pipe begins with its own schema, which is skipped.
    const inner = key === 'pipe' ? (value as unknown[]).slice(1) : value;
    const isMap = key === 'entries' && typeof inner === 'object' && inner !== null;
    const described = isMap
      ? Object.entries(inner)
          .map(([name, item]) => [name, describeSchema(item)])
          .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
      : describeSchema(inner);
    if (described !== undefined) said.push([key, described]);
  }
  return said;
};

const hashOf = (schemas: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify(schemas.map(describeSchema)))
    .digest('hex')
    .slice(0, 16);

describe('the shape of the wire', () => {
  it('the wire has not changed its shape under this version', () => {
    expect(hashOf([ClientFrameShape, ServerFrameShape, EntryShape, PushShape, DeclarativePushShape])).toBe(SHAPES[PROTOCOL_VERSION]);
  });

  it('the test notices every change of a schema', async () => {
    const v = await import('valibot');
    const one = v.strictObject({ a: v.optional(v.pipe(v.number(), v.minValue(1))) });
    const others = [
      v.strictObject({ a: v.pipe(v.number(), v.minValue(1)) }),
      v.strictObject({ a: v.optional(v.pipe(v.number(), v.minValue(2))) }),
      v.strictObject({ b: v.optional(v.pipe(v.number(), v.minValue(1))) }),
      v.object({ a: v.optional(v.pipe(v.number(), v.minValue(1))) }),
    ];
    for (const other of others) expect(hashOf([other])).not.toBe(hashOf([one]));
  });
});
