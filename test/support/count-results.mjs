/**
 * Counts tests in Vitest's JSON report. A file that could not be loaded counts as one failed test. A run that
 * ended badly without a failed test (an unhandled rejection, a lost browser, no report) counts as one failed
 * test too.
 *
 * @param {string | undefined} report
 * @param {boolean} endedWell
 * @returns {{ passed: number, failed: number }}
 */
export const countResults = (report, endedWell) => {
  let passed = 0;
  let failed = 0;
  for (const file of report === undefined ? [] : JSON.parse(report).testResults) {
    const before = failed;
    for (const { status } of file.assertionResults) {
      if (status === 'passed') passed++;
      else if (status === 'failed') failed++;
    }
    if (file.status === 'failed' && failed === before) failed++;
  }
  if (failed === 0 && (!endedWell || passed === 0)) failed = 1;
  return { passed, failed };
};
