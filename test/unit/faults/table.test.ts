import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BREAKS } from '../../faults/breaks.ts';
import { CATALOGUE } from '../../faults/catalogue.ts';
import { findNamedTests, namedTests } from '../../faults/find-tests.ts';
import { makeTable } from '../../faults/table.ts';

const range = (from: number, upTo: number): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('the catalogue of faults', () => {
  it('test/faults/README.md is what `npm run faults` makes, and every fault has tests or a reason', () => {
    const { text, mistakes } = makeTable(CATALOGUE, findNamedTests(ROOT));
    expect(mistakes).toEqual([]);
    expect(readFileSync(`${ROOT}test/faults/README.md`, 'utf8'), 'npm run faults makes it anew').toBe(text);
  }, 120_000);

  it('the catalogue holds every number once, in order', () => {
    const ids = CATALOGUE.flatMap(({ faults }) => faults.map(({ id }) => id));
    const numbers = range(1, ids.length);
    expect(ids).toEqual(numbers.map((number) => `F${String(number).padStart(2, '0')}`));
  });
});

describe('the breaks of the code', () => {
  it('the text of every break stands in its file exactly once', () => {
    for (const { also = [], ...place } of BREAKS)
      for (const { file, from, to } of [place, ...also])
        expect([file, from, readFileSync(`${ROOT}${file}`, 'utf8').split(from).length - 1, to !== from]).toEqual([file, from, 1, true]);
  });

  it('the test file of every break names the fault of the break', () => {
    const named = findNamedTests(ROOT);
    /** A contract is run by a file beside it, and may have its parts beside the contract too. */
    const filesOf = (file: string): readonly string[] => {
      const contract = file.replace(/\.\w+\.test\.ts$/, '.ts');
      const text = existsSync(`${ROOT}${contract}`) ? readFileSync(`${ROOT}${contract}`, 'utf8') : '';
      return [file, contract, ...[...text.matchAll(/from '\.\/([\w-]+\.ts)'/g)].map(([, name]) => `${dirname(file)}/${name}`)];
    };
    const lost = BREAKS.filter(({ fault, test: [, file, pattern] }) => {
      const tests = named.filter((one) => filesOf(file).includes(one.file) && one.faults.includes(fault));
      // The value of a `%s` is unknown here.
      const matches = ({ title, faults }: (typeof tests)[number]): boolean =>
        title.includes('%s') || new RegExp(pattern).test(`${title} (${faults.join(', ')})`);
      return !tests.some(matches);
    });
    expect(lost.map(({ fault, test }) => [fault, ...test])).toEqual([]);
  }, 120_000);

  it('every fault with a named test has a break', () => {
    const covered = new Set(findNamedTests(ROOT).flatMap(({ faults }) => faults));
    const broken = new Set(BREAKS.map(({ fault }) => fault));
    expect(CATALOGUE.flatMap(({ faults }) => faults.map(({ id }) => id)).filter((id) => covered.has(id) && !broken.has(id))).toEqual([]);
  }, 120_000);
});

describe('the faults and invariants in titles', () => {
  const read = (text: string) => namedTests('test/a.test.ts', text).map(({ title, faults }) => `${title}: ${faults.join()}`);

  it('reads plain titles, tables and templates', () => {
    expect(read(`it('one (F30)', () => {});`)).toEqual(['one: F30']);
    expect(read(`describe('x', () => { test('two (F30, F31)', async () => {}); });`)).toEqual(['two: F30,F31']);
    expect(read(`it.each([['row (F59)', 1], ['other', 2]])('%s', () => {});`)).toEqual(['row: F59']);
    expect(read(`it.each([1, 2])('by %i (F01)', () => {});`)).toEqual(['by %i: F01']);
    expect(read('it(`for ${name} (F02)`, () => {});')).toEqual(['for …: F02']);
    expect(read(`it.skipIf(true)('where it can (F03)', () => {});`)).toEqual(['where it can: F03']);
  });

  it('a row of a table is read as its filled title', () => {
    expect(read(`it.each([['a row (F59)'], ['other']])('%s is refused', () => {});`)).toEqual(['a row is refused: F59']);
  });

  it('reads no other text as a title', () => {
    expect(read(`it('in the (F30) middle', () => {}); expect('text (F31)'); describe('all (F32)', () => {}); // it('no (F33)')`)).toEqual(
      [],
    );
  });
});

describe('the table of faults', () => {
  const chapter = (...faults: (typeof CATALOGUE)[number]['faults']) => [{ title: 'T', faults }];
  const test = { file: 'test/e2e/a.test.ts', title: 'ends [well] | ever', faults: ['F01'], invariants: [] };

  it('the table links tests, and names uncovered faults', () => {
    const { text, mistakes, open } = makeTable(
      chapter(
        { id: 'F01', fault: 'x', reason: 'real disks', open: true },
        { id: 'F02', fault: 'y', reason: 'cannot be had' },
        { id: 'F03', fault: 'z', open: true },
      ),
      [test],
    );
    expect(text).toContain('| F01 | x | [ends \\[well\\] \\| ever](../e2e/a.test.ts)<br>not covered: real disks |');
    expect(text).toContain('| F02 | y | no test: cannot be had |');
    expect(text).toContain('| F03 | z | open |');
    expect([mistakes, open]).toEqual([[], ['F03']]);
  });

  it('the table reports a fault without test or reason, and a title with an unknown fault', () => {
    const { mistakes } = makeTable(chapter({ id: 'F02', fault: 'y' }), [test, { ...test, faults: ['F999'] }]);
    expect(mistakes).toEqual([
      'F02 has neither a test nor a reason',
      'test/e2e/a.test.ts: "ends [well] | ever" names F01, which is in no catalogue',
      'test/e2e/a.test.ts: "ends [well] | ever" names F999, which is in no catalogue',
    ]);
  });
});
