import { expect, it } from 'vitest';
import { countResults, failures, worthRepeating } from '../../support/count-results.mjs';

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

const failedIn = (...names: string[]): string =>
  JSON.stringify({
    testResults: [
      { name: '/x/test/unit/well.test.ts', status: 'passed', assertionResults: [{ status: 'passed', fullName: 'well' }] },
      ...names.map((name) => ({
        name,
        status: 'failed',
        assertionResults: [
          { status: 'passed', fullName: 'another' },
          { status: 'failed', fullName: 'it', failureMessages: ['expected 1 to be 2\n at a line'] },
        ],
      })),
    ],
  });

it('a few failed files are worth a second run, alone; many are not', () => {
  const [view, unit] = ['/x/test/browser/view.test.ts', '/x/test/unit/a.test.ts'];
  expect(worthRepeating(failedIn(view, unit, view))).toEqual([view, unit]);
  expect(worthRepeating(failedIn())).toEqual([]);
  expect(worthRepeating(failedIn(...Array.from({ length: 7 }, (_, i) => `/x/test/e2e/${i}.test.ts`)))).toEqual([]);
  expect(worthRepeating(undefined)).toEqual([]);
});

it('a failure is told by its file, its test, and the first line of its reason', () => {
  expect(failures(failedIn('/test/x/test/unit/a.test.ts'))).toEqual(['test/unit/a.test.ts: it: expected 1 to be 2']);
  expect(failures(failedIn('/x/test/unit/a.test.ts', 'C:\\x\\test\\e2e\\b.test.ts'))).toEqual([
    'test/unit/a.test.ts: it: expected 1 to be 2',
    'test\\e2e\\b.test.ts: it: expected 1 to be 2',
  ]);
  const notLoaded = { name: '/x/test/unit/a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] };
  expect(failures(JSON.stringify({ testResults: [notLoaded] }))).toEqual(['test/unit/a.test.ts: no such module']);
  expect(failures(undefined)).toEqual([]);
});
