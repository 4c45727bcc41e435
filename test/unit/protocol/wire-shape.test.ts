import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ClientFrameShape, ServerFrameShape } from '../../../src/protocol/frames.ts';
import { DeclarativePushShape, PushShape } from '../../../src/protocol/push.ts';
import * as v from '../../../src/protocol/schema.ts';
import { whole } from '../../../src/protocol/shapes.ts';
import { EntryShape } from '../../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

/**
 * The shape of the wire under each version. A released line is never edited: a change of shape raises `PROTOCOL_VERSION`, tells its
 * history there and in PROTOCOL.md, and adds a line here. Until version 1 is released its line may follow.
 */
const SHAPES: Record<number, string> = {
  1: '4f7bc79941db7881',
};

/** Describes a schema without its functions, which are described by their rule. */
const describeSchema = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(describeSchema);
  if (typeof schema !== 'object' || schema === null) return typeof schema === 'function' ? undefined : schema;
  const said: [string, unknown][] = [];
  for (const key of ['rule', 'literal', 'options', 'fields', 'isStrict', 'item', 'nullable', 'optional', 'refined', 'key']) {
    if (!(key in schema)) continue;
    const value: unknown = Reflect.get(schema, key);
    const isMap = key === 'fields' && typeof value === 'object' && value !== null;
    const described = isMap
      ? Object.entries(value)
          .map(([name, item]) => [name, describeSchema(item)])
          .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
      : describeSchema(value);
    said.push([key, described]);
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

  it('the test notices every change of a schema', () => {
    const one = v.strictObject({ a: v.optional(whole(1)), list: v.array(v.string(), 1, 5) });
    const others = [
      v.strictObject({ a: whole(1), list: v.array(v.string(), 1, 5) }),
      v.strictObject({ a: v.nullable(whole(1)), list: v.array(v.string(), 1, 5) }),
      v.strictObject({ a: v.optional(whole(2)), list: v.array(v.string(), 1, 5) }),
      v.strictObject({ b: v.optional(whole(1)), list: v.array(v.string(), 1, 5) }),
      v.strictObject({ a: v.optional(whole(1)), list: v.array(v.string(), 1, 6) }),
      v.strictObject({ a: v.optional(whole(1)), list: v.array(v.string(1, 9), 1, 5) }),
      v.looseObject({ a: v.optional(whole(1)), list: v.array(v.string(), 1, 5) }),
    ];
    for (const other of others) expect(hashOf([other])).not.toBe(hashOf([one]));
  });
});
