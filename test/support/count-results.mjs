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

const failedFiles = (report) => (report === undefined ? [] : JSON.parse(report).testResults).filter(({ status }) => status === 'failed');

/**
 * What failed, for the end of the output, where a reader looks first: a line for each failed test, and one for a file
 * that could not be loaded.
 *
 * @param {string | undefined} report
 * @returns {string[]} `file: test: first line of the reason`
 */
export const failures = (report) =>
  failedFiles(report).flatMap(({ name, message, assertionResults }) => {
    const file = name.replace(/^.*[\\/](?=test[\\/])/, '');
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return [`${file}: ${firstLine(message)}`];
    return failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
  });

const firstLine = (text = '') => text.split('\n', 1)[0].slice(0, 300);

/** Above this number of failed files, the failures are no matter of the machine's load. */
const MOST_FILES = 6;

/**
 * A test that failed beside the rest of the run may pass alone. One with a fault fails again.
 *
 * @param {string | undefined} report
 * @returns {string[]} the failed files, if they are few; otherwise none
 */
export const worthRepeating = (report) => {
  const files = [...new Set(failedFiles(report).map(({ name }) => name))];
  return files.length > MOST_FILES ? [] : files;
};
