/** `npm run soak [-- --times 20]`: runs the lifecycle suites again and again. A test with one failure in twenty rounds is broken. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Report, Tally } from './tally.ts';

export const USAGE = 'npm run soak -- [--times N]   runs the lifecycle suites N times (20)';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Frozen, crashed and returning pages; tabs; dying workers; the service worker. */
const SUITES = ['lifecycle', 'tabs', 'worker-death', 'service-worker'].map((name) => `test/e2e/${name}.test.ts`);

const timesOf = (args: readonly string[]): number => {
  const [flag, value, ...more] = args;
  if (flag === undefined) return 20;
  const times = Number(value);
  if (flag !== '--times' || more.length > 0 || !Number.isInteger(times) || times < 1)
    throw new Error(`npm run soak [-- --times 20]; got ${args.join(' ')}`);
  return times;
};

const runOnce = async (files: readonly string[], results: string): Promise<Report | undefined> => {
  await rm(results, { force: true });
  const child = spawn(
    'npx',
    ['--no-install', 'vitest', 'run', '--project', 'e2e', '--reporter=json', `--outputFile.json=${results}`, ...files],
    { cwd: ROOT, stdio: 'ignore' },
  );
  const kill = (): void => void child.kill('SIGTERM');
  process.once('exit', kill);
  await new Promise((ended) => child.once('close', ended));
  process.off('exit', kill);
  try {
    return JSON.parse(await readFile(results, 'utf8')) as Report;
  } catch {
    // The run ended without a report, which counts as a failure.
    return undefined;
  }
};

export const main = async (args: readonly string[]): Promise<number> => {
  const times = timesOf(args);
  // A signal ends this process and the running round.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const files = SUITES.filter((file) => existsSync(join(ROOT, file)));
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-soak-'));
  const tally = new Tally();
  try {
    for (let round = 1; round <= times; round++) {
      const began = Date.now();
      const failed = tally.add(await runOnce(files, join(folder, 'results.json')));
      const seconds = Math.round((Date.now() - began) / 1000);
      console.log(`round ${round} of ${times}: ${failed.length === 0 ? 'well' : `${failed.length} failed`}, ${seconds} s`);
      for (const line of failed) console.log(`  ${line}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(`\n${tally.table()}\n\n${tally.failures === 0 ? 'no failure' : `${tally.failures} failures`} in ${times} rounds`);
  return tally.failures === 0 ? 0 : 1;
};
