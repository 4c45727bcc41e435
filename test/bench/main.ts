/**
 * `npm run bench [-- --rounds N]`: the contestants take turns in one run, in a real Chromium with a profile on
 * disk (elsewhere IndexedDB would be in memory). Prints medians, and ratios within the run. No number fails the
 * run.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { builtPackage } from '../support/built-package.ts';
import { launchOptions } from '../support/chromium.ts';
import { bundleSize } from './bundle-size.ts';
import { median, plot, type Row } from './plot.ts';

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
const HERE = fileURLToPath(new URL('./', import.meta.url));

/** In the order of a round. Our contestant and the other change places with every round. */
const PAIRS = [['ingest', 'ingest-raw'], ['ingest-text'], ['cold-start', 'cold-start-raw'], ['intents', 'intents-raw']] as const;
type Contestant = (typeof PAIRS)[number][number];
type Result = Readonly<Record<string, number>>;

/**
 * The profile of each contestant: contestants with common data share a profile. All databases of a site
 * are in one LevelDB, so contestants on a common profile would pay for compacting each other's data.
 */
const PROFILE_OF: Readonly<Record<Contestant, 'ours' | 'raw' | 'text'>> = {
  ingest: 'ours',
  'cold-start': 'ours',
  intents: 'ours',
  'ingest-raw': 'raw',
  'cold-start-raw': 'raw',
  'intents-raw': 'raw',
  'ingest-text': 'text',
};

/** Each contestant gets a new browser on its profile of this round. */
const runOne = async (site: string, profile: string, contestant: Contestant): Promise<Result> => {
  const context = await chromium.launchPersistentContext(profile, await launchOptions());
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${site}?run=${contestant}`);
    await page.waitForFunction(() => 'result' in window);
    return await page.evaluate(() => window.result);
  } finally {
    await context.close();
  }
};

const ms = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0)).concat(' ms');
const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)}×`;

export const main = async (args: string[]): Promise<number> => {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' }, only: { type: 'string' } } });
  const rounds = Number(values.rounds);
  const built = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
  const shared = { root: PAGE, configFile: false, logLevel: 'error', worker: { format: 'es' } } as const;
  const results = new Map<Contestant, Result[]>();
  try {
    await build({ ...shared, resolve: { alias: builtPackage }, build: { outDir: built, emptyOutDir: true } });
    const site = await preview({ ...shared, build: { outDir: built }, preview: { host: '127.0.0.1', port: 0 } });
    for (let round = 0; round < rounds; round++) {
      const profiles = await mkdtemp(join(tmpdir(), 'tidemark-bench-profiles-'));
      for (const pair of PAIRS)
        for (const contestant of round % 2 === 0 ? pair : [...pair].reverse()) {
          if (values.only !== undefined && !values.only.split(',').includes(contestant)) continue;
          const result = await runOne(site.resolvedUrls!.local[0]!, join(profiles, PROFILE_OF[contestant]), contestant);
          results.set(contestant, [...(results.get(contestant) ?? []), result]);
          console.log(
            `round ${round + 1}/${rounds}  ${contestant.padEnd(15)} ${Object.entries(result)
              .map(([name, value]) => `${name} ${value.toFixed(1)}`)
              .join('  ')}`,
          );
        }
      await rm(profiles, { recursive: true, force: true, maxRetries: 5 });
    }
    await site.close();
  } finally {
    await rm(built, { recursive: true, force: true });
  }
  if (values.only !== undefined) return 0;

  const all = (contestant: Contestant, name: string): number[] => (results.get(contestant) ?? []).map((result) => result[name] ?? NaN);
  const mid = (contestant: Contestant, name = 'ms'): number => median(all(contestant, name));
  const rows: Row[] = [
    {
      what: '100,000 messages in 1,000 conversations: persisted and counted',
      ours: all('ingest', 'ms'),
      theirs: all('ingest-raw', 'ms'),
      against: 'raw IndexedDB, a row each',
      aim: 'at most 0.5×',
    },
    {
      what: '… and folded into pages and a snapshot',
      ours: all('ingest', 'foldedMs'),
      theirs: all('ingest-raw', 'ms'),
      against: 'raw IndexedDB, a row each',
      aim: '',
    },
    {
      what: '… from text, decoded and checked (not folded)',
      ours: all('ingest-text', 'ms'),
      theirs: all('ingest-raw', 'ms'),
      against: 'raw IndexedDB, a row each',
      aim: '',
    },
    {
      what: '10,000 read receipts from 100 callers, each durable',
      ours: all('intents', 'ms'),
      theirs: all('intents-raw', 'ms'),
      against: 'a strict transaction each, awaited',
      aim: 'at most 0.1×',
    },
    {
      what: 'cold start: total and 50 conversations, first paint',
      ours: all('cold-start', 'ms'),
      theirs: all('cold-start-raw', 'ms'),
      against: 'worker, getAll of 1,000 rows',
      aim: '',
    },
    {
      what: '… by the worker, without first paint',
      ours: all('cold-start', 'workerMs'),
      theirs: all('cold-start-raw', 'ms'),
      against: 'worker, getAll of 1,000 rows',
      aim: '',
    },
  ];
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log(`\nmedians of ${rounds} rounds, ${cpus().length} cores, ${process.arch}\n`);
  console.log(
    `${''.padEnd(width)}  ${'tidemark'.padStart(10)}  ${'other'.padStart(10)}  ${'ratio'.padStart(6)}  ${'aim'.padEnd(12)}  other is`,
  );
  for (const { what, ours, theirs, against, aim } of rows)
    console.log(
      `${what.padEnd(width)}  ${ms(median(ours)).padStart(10)}  ${ms(median(theirs)).padStart(10)}  ${times(median(ours) / median(theirs)).padStart(6)}  ${aim.padEnd(12)}  ${against}`,
    );
  const lag = (contestant: Contestant): string =>
    `longest task ${Math.max(...all(contestant, 'longestTaskMs')) > 0 ? ms(Math.max(...all(contestant, 'longestTaskMs'))) : 'under 50 ms'}, longest wait ${ms(Math.max(...all(contestant, 'maxLagMs')))}`;
  console.log(`\nmain thread, worst of all rounds (aim: never over 50 ms)`);
  console.log(`  while the backlog comes in: ${lag('ingest')}; ${mid('ingest', 'emissions').toFixed(0)} emissions`);
  console.log(`  while 100 callers read:     ${lag('intents')}`);
  console.log(
    `longest write while the backlog comes in ${ms(mid('ingest', 'longestWriteMs'))}, longest call of a reader ${ms(mid('intents', 'longestMs'))}`,
  );

  const size = await bundleSize();
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  console.log(
    `\npage-side bundle without RxJS: ${kB(size.page.minified)} minified, ${kB(size.page.gzip)} gzip, ${kB(size.page.brotli)} brotli (aim: at most 12 kB)`,
  );
  console.log(
    `worker, with everything:       ${kB(size.worker.minified)} minified, ${kB(size.worker.gzip)} gzip, ${kB(size.worker.brotli)} brotli`,
  );
  await writeFile(join(HERE, 'results.svg'), plot(rows, `medians of ${rounds} rounds; each dot a round`));
  console.log('\nplot: test/bench/results.svg');
  return 0;
};
