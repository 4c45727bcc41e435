// All steps of `npm test`, even after a failed step; arguments go to Vitest. The last line is the sum: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countResults, failures, worthRepeating } from './count-results.mjs';
import { inIdleTime } from './in-idle-time.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

const failedSteps = [];

/** Resolves at the end of the child with its piped output, and with whether it succeeded. */
const ending = (child) =>
  new Promise((done) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk) => (said += chunk));
    child.on('error', () => done({ said, ended: false }));
    child.on('close', (code) => done({ said, ended: code === 0 }));
  });

const stepsOfNpm = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' };

/** Runs steps in order, beside other steps. The output of a step is printed when the step has ended. */
const inTurn = async (...steps) => {
  for (const step of steps) {
    const { said, ended } = await ending(spawn('npm', ['run', '--silent', step], stepsOfNpm));
    process.stdout.write(`\n# ${step}\n${said}`);
    if (!ended) failedSteps.push(step);
  }
};
// ESLint takes as long as all other steps together.
await Promise.all([inTurn('lint:code'), inTurn('chromium', 'engines', 'build', 'types', 'lint:format')]);

// The simulation computes all the time, and waits for nothing. The tests wait for browsers and servers half of the time.
const simulation = ending(inIdleTime('npm', ['run', '--silent', 'simulate', '--', '--test'], stepsOfNpm));

/** Runs Vitest. @returns its JSON report, its piped output, and whether all went well. */
const runTests = async (args, { env = process.env, output = 'inherit' } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-'));
  const results = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const command = ['--no-install', 'vitest', 'run', ...reporters, ...args];
  const { said, ended } = await ending(spawn('npx', command, { ...stepsOfNpm, env, stdio: ['ignore', output, output] }));
  const report = await readFile(results, 'utf8').catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  return { report, said, ended };
};

// A test may lose its time to the rest of the run. The list at the end names such tests: each of them hides a fault, or waits too short.
const unsteady = [];

/** Runs Vitest, and a few failed files once more, alone, when the rest of the run has ended. @returns the sum of both, and what failed in the end. */
const judged = async ({ report, ended }, runAgain) => {
  const counts = countResults(report, ended);
  const files = worthRepeating(report);
  if (counts.failed > 0 && files.length > 0) {
    console.log('\n# failed files once more, alone');
    const again = await runAgain(files);
    if (countResults(again.report, again.ended).failed === 0) {
      unsteady.push(...failures(report));
      return { passed: counts.passed + counts.failed, failed: 0, failedTests: [] };
    }
  }
  const failedTests = failures(report);
  if (counts.failed > 0 && failedTests.length === 0) failedTests.push('Vitest itself: it ended badly, and names no failed test');
  return { ...counts, failedTests };
};

/** What depends on the file format of Chromium's IndexedDB. Chromium will store in SQLite, and the other tests run on LevelDB. */
const ON_SQLITE = [
  'test/e2e/storage.test.ts',
  'test/e2e/full-outbox.test.ts',
  ...['store', 'storage', 'client', 'closing', 'tabs', 'log-out', 'encryption', 'outbox'].map((name) => `test/browser/${name}.test.ts`),
];
const runOnSqlite = (files) =>
  runTests([...files, '--project', 'chromium-sqlite', '--project', 'e2e'], {
    env: { ...process.env, ENGINES: 'chromium-sqlite' },
    output: 'pipe',
  });
const onSqlite = process.env.ENGINES === 'all' ? runOnSqlite(ON_SQLITE) : undefined;

console.log('\n# tests');
const tests = await runTests(process.argv.slice(2));

const sqlite = await onSqlite;
if (sqlite) process.stdout.write(`\n# storage on SQLite\n${sqlite.said}`);

const simulated = await simulation;
process.stdout.write(`\n# simulation\n${simulated.said}`);
if (!simulated.ended) failedSteps.push('simulate -- --test');

const results = [await judged(tests, (files) => runTests(files))];
if (sqlite) results.push(await judged(sqlite, runOnSqlite));

for (const test of unsteady) console.log(`unsteady, failed once and passed alone: ${test}`);
for (const test of results.flatMap(({ failedTests }) => failedTests)) console.log(`failed: ${test}`);
for (const step of failedSteps) console.log(`failed: npm run ${step}`);
const sum = (key) => results.reduce((all, result) => all + result[key], 0);
const failed = sum('failed') + failedSteps.length;
console.log(`${sum('passed')} passed, ${failed} failed`);
// This script sets the exit code and does not call process.exit. So the line above is written completely,
// also into a pipe.
process.exitCode = failed === 0 ? 0 : 1;
