import { expect, it } from 'vitest';
import { countResults } from '../../support/count-results.mjs';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((test) => ({ status: test })) });
const report = (...files: ReturnType<typeof file>[]): string => JSON.stringify({ testResults: files });

it.each([
  ['sums over files, skipped ones aside', report(file('passed', 'passed', 'pending'), file('passed', 'passed')), true, 2, 0],
  ['counts what failed', report(file('failed', 'passed', 'failed'), file('passed', 'passed')), false, 2, 1],
  ['counts a file that could not be loaded', report(file('failed'), file('passed', 'passed')), false, 1, 1],
  ['counts a run that ended badly with every test passed', report(file('passed', 'passed')), false, 1, 1],
  ['counts a run without a report', undefined, false, 0, 1],
  ['does not take no tests for success', report(), true, 0, 1],
])('%s', (_name, text, endedWell, passed, failed) => {
  expect(countResults(text, endedWell)).toEqual({ passed, failed });
});
