import { expect, it } from 'vitest';
import { type Report, Tally } from '../../soak/tally.ts';

const report = (...results: [name: string, status: string, ms: number][]): Report => ({
  testResults: [
    {
      name: 'a.test.ts',
      status: results.some(([, status]) => status === 'failed') ? 'failed' : 'passed',
      assertionResults: results.map(([fullName, status, duration]) => ({ fullName, status, duration, failureMessages: ['no\nstack'] })),
    },
  ],
});

it('the tally counts runs and failures of each test over the rounds, and keeps its slowest run', () => {
  const tally = new Tally();
  expect(tally.add(report(['one', 'passed', 100], ['two', 'passed', 5000], ['three', 'skipped', 0]))).toEqual([]);
  expect(tally.add(report(['one', 'failed', 1900], ['two', 'passed', 20]))).toEqual(['one: no']);
  expect(tally.failures).toBe(1);
  expect(tally.table().split('\n').slice(2)).toEqual(['| one | 2 | 1 | 1.9 s |', '| two | 2 | 0 | 5.0 s |']);
});

it('a file that does not load, a run without tests and a run without a report count as failures', () => {
  const broken = { testResults: [{ name: 'a.test.ts', status: 'failed', message: 'no such file', assertionResults: [] }] };
  expect(new Tally().add(broken)).toEqual(['a.test.ts: no such file']);
  expect(new Tally().add({ testResults: [] })).toEqual(['the run itself: no test ran']);
  expect(new Tally().add(undefined)).toEqual(['the run itself: no test ran']);
});
