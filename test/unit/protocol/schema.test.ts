import { describe, expect, it } from 'vitest';
import * as v from '../../../src/protocol/schema.ts';

const Point = v.strictObject({ x: v.custom<number>((value) => typeof value === 'number', 'a number'), label: v.optional(v.string(1, 3)) });
const Shape = v.variant('kind', [
  v.strictObject({ kind: v.literal('line'), points: v.array(Point, 1, 2) }),
  v.strictObject({ kind: v.literal('dot'), at: v.nullable(Point), filled: v.boolean(), colour: v.picklist(['red', 'blue']) }),
]);
const dot = { kind: 'dot', at: null, filled: true, colour: 'red' };
const said = (value: unknown): string | undefined => {
  const fault = Shape.faultIn(value);
  return fault && v.sayFault(fault, 'shape');
};

describe('schemas', () => {
  it.each([[dot], [{ ...dot, at: { x: 1 } }], [{ kind: 'line', points: [{ x: 1 }, { x: 2, label: 'abc' }] }]])(
    'a value that fits has no fault: %j',
    (value) => {
      expect(said(value)).toBeUndefined();
    },
  );

  it.each([
    [null, 'kind: one of line, dot'],
    ['dot', 'kind: one of line, dot'],
    [[], 'kind: one of line, dot'],
    [{ kind: 'circle' }, 'kind: one of line, dot'],
    [{ ...dot, at: 7 }, 'at: an object'],
    [{ ...dot, at: undefined }, 'at: an object'],
    [{ ...dot, at: {} }, 'at.x: a number'],
    [{ ...dot, at: { x: 1, label: '' } }, 'at.label: a text of 1 to 3 characters'],
    [{ ...dot, filled: 1 }, 'filled: true or false'],
    [{ ...dot, colour: 'green' }, 'colour: one of red, blue'],
    [{ ...dot, size: 1 }, 'size: an unknown key'],
    [JSON.parse('{"kind":"dot","at":null,"filled":true,"colour":"red","__proto__":{}}'), '__proto__: an unknown key'],
    [{ kind: 'line', points: {} }, 'points: a list of 1 to 2'],
    [{ kind: 'line', points: [] }, 'points: a list of 1 to 2'],
    [{ kind: 'line', points: [{ x: 1 }, { x: '2' }] }, 'points.1.x: a number'],
  ])('a value that does not fit is refused with its place and the rule: %j', (value: unknown, fault) => {
    expect(said(value)).toBe(fault);
  });

  it('a check of the whole value comes after the checks of its parts', () => {
    const Ordered = v.refine(v.array(v.string()), (list) => list.every((text, i) => i === 0 || list[i - 1]! < text), 'an ordered list');
    expect(Ordered.faultIn(['a', 'b'])).toBeUndefined();
    expect(Ordered.faultIn(['b', 'a'])).toEqual({ path: [], rule: 'an ordered list' });
    expect(Ordered.faultIn(['b', 1])).toEqual({ path: [1], rule: 'a text' });
  });

  it('a loose object leaves other keys alone', () => {
    const Loose = v.looseObject({ key: v.string() });
    expect(Loose.faultIn({ key: 'k', more: 1 })).toBeUndefined();
    expect(Loose.faultIn({ more: 1 })).toEqual({ path: ['key'], rule: 'a text' });
  });
});
