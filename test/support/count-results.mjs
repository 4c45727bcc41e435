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

/** Above this number of failed files, the failures are no matter of the machine's load. */
const MOST_FILES = 3;

/**
 * What failed on a loaded machine only may pass alone. @returns the failed files, if each of them runs in a real browser and
 * they are few; otherwise none.
 *
 * @param {string | undefined} report
 * @returns {{ files: string[], titles: string[] }}
 */
export const worthRepeating = (report) => {
  const failed = (report === undefined ? [] : JSON.parse(report).testResults).filter(({ status }) => status === 'failed');
  const files = [...new Set(failed.map(({ name }) => name))];
  if (files.length > MOST_FILES || !files.every((name) => /[\\/]test[\\/](browser|e2e|package)[\\/]/.test(name)))
    return { files: [], titles: [] };
  const titles = failed.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );
  return { files, titles };
};
