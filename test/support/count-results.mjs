/**
 * Counts tests in Vitest's JSON report. A file that could not be loaded counts as one failed, and so does a run that ended badly
 * without any test to blame (an unhandled rejection, a lost browser, no report at all): it must not read as a success.
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
