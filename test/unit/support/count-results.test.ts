import { expect, it } from 'vitest';
import { countResults } from '../../support/count-results.mjs';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((test) => ({ status: test })) });
const report = (...files: ReturnType<typeof file>[]): string => JSON.stringify({ testResults: files });

it.each([
  [
    'countResults sums over files and leaves skipped tests out',
    report(file('passed', 'passed', 'pending'), file('passed', 'passed')),
    true,
    2,
    0,
  ],
  ['countResults counts failed tests', report(file('failed', 'passed', 'failed'), file('passed', 'passed')), false, 2, 1],
  ['countResults counts a file that could not be loaded', report(file('failed'), file('passed', 'passed')), false, 1, 1],
  ['countResults counts a run that ended badly although every test passed', report(file('passed', 'passed')), false, 1, 1],
  ['countResults counts a run without a report', undefined, false, 0, 1],
  ['countResults counts a run without tests as a failure', report(), true, 0, 1],
])('%s', (_name, text, endedWell, passed, failed) => {
  expect(countResults(text, endedWell)).toEqual({ passed, failed });
});
