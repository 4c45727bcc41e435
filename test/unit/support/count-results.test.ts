import { expect, it } from 'vitest';
import { countResults, worthRepeating } from '../../support/count-results.mjs';

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
      ...names.map((name) => ({ name, status: 'failed', assertionResults: [{ status: 'failed', fullName: `of ${name}` }] })),
    ],
  });

it('a few failed files of real browsers are worth a second run, alone; no other failure is', () => {
  const [view, demo] = ['/x/test/browser/view.test.ts', '/x/test/e2e/demo.test.ts'];
  expect(worthRepeating(failedIn(view, demo, view))).toEqual({ files: [view, demo], titles: [`of ${view}`, `of ${demo}`, `of ${view}`] });
  expect(worthRepeating(failedIn())).toEqual({ files: [], titles: [] });
  expect(worthRepeating(failedIn(view, '/x/test/unit/a.test.ts')).files).toEqual([]);
  expect(worthRepeating(failedIn(...Array.from({ length: 4 }, (_, i) => `/x/test/e2e/${i}.test.ts`))).files).toEqual([]);
  expect(worthRepeating(undefined).files).toEqual([]);
});
