import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNamedTests } from '../../faults/find-tests.ts';
import { INVARIANTS } from '../../invariants/catalogue.ts';
import { makePage, simulated } from '../../invariants/page.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('the page of invariants', () => {
  it('src/INVARIANTS.md is the output of `npm run invariants`, and every invariant has a test', () => {
    const { text, mistakes } = makePage(INVARIANTS, findNamedTests(ROOT), simulated(ROOT));
    expect(mistakes).toEqual([]);
    expect(readFileSync(`${ROOT}src/INVARIANTS.md`, 'utf8'), '`npm run invariants` makes it anew').toBe(text);
  }, 60_000);

  it('the page defines I-1 to I-26, each once', () => {
    expect(INVARIANTS.map(({ id }) => id)).toEqual(Array.from({ length: 26 }, (_, i) => `I-${i + 1}`));
  });

  it('the page reports an invariant without a test, and a title with an unknown invariant', () => {
    const invariant = { id: 'I-1', name: 'Accept', chapter: 'Receipts', text: 'A call resolves.' } as const;
    const named = { file: 'test/a.test.ts', title: 'waits', faults: [], invariants: ['I-99'] };
    expect(makePage([invariant], [named], new Set()).mistakes).toEqual([
      'I-1 has no test',
      'test/a.test.ts: "waits" names I-99, which is no invariant',
    ]);
    expect(makePage([invariant], [{ ...named, invariants: ['I-1'] }], new Set()).text).toContain('- [waits](../test/a.test.ts)');
  });
});
