/**
 * `npm run compare`: what 500 offline reads become after a restart, with chat SDKs alone and behind the outbox, and with queues. Prints
 * the tables, and writes them into README.md of this folder. Fails if the outbox does not keep its promise. `-- --only PATTERN` runs the
 * contestants with such names, and prints only.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Site } from './device.ts';
import { BEHIND_OUTBOX, type Outcome, run, type Scenario, SCENARIOS } from './scenarios.ts';
import { QUEUES, queueTable, SDKS, sdkTable } from './tables.ts';

const README = new URL('./README.md', import.meta.url);
const FIRST: Scenario = '500 reads offline, killed, started again';

export const USAGE = `npm run compare -- [options]

  --only PATTERN  runs the contestants with such names, and prints only`;

export const main = async (args: readonly string[]): Promise<number> => {
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '') : '';
  const site = await Site.serve();
  const outcomes = new Map<string, Outcome>();
  const failed: string[] = [];
  const measure = async (contestant: string, scenario: Scenario): Promise<void> => {
    if (!new RegExp(only).test(contestant)) return;
    const name = `${contestant}: ${scenario}`;
    try {
      const found = await run(site, contestant, scenario);
      outcomes.set(name, found);
      console.log(`${name}: ${JSON.stringify(found)}`);
      const promised = contestant !== 'own-outbox' && contestant.endsWith('-outbox') ? BEHIND_OUTBOX[scenario] : {};
      if (!isDeepStrictEqual({ ...found, ...promised }, found)) failed.push(`${name}: not as the outbox promises`);
    } catch (error) {
      failed.push(name);
      console.log(`${name}: failed: ${String(error)}`);
    }
  };
  try {
    for (const { name } of QUEUES) await measure(name, FIRST);
    for (const scenario of Object.keys(SCENARIOS) as Scenario[])
      for (const sdk of Object.keys(SDKS)) for (const contestant of [sdk, `${sdk}-outbox`]) await measure(contestant, scenario);
  } finally {
    await site.close();
  }
  const of = (contestant: string, scenario: Scenario): Outcome | undefined => outcomes.get(`${contestant}: ${scenario}`);
  const tables = `${queueTable((name) => of(name, FIRST))}\n${sdkTable(of)}`;
  console.log(tables);
  for (const name of failed) console.log(`failed: ${name}`);
  if (failed.length > 0) return 1;
  if (only !== '') return 0;
  const text = await readFile(README, 'utf8');
  await writeFile(
    README,
    text.replace(/(<!-- tables -->\n)[^]*(<!-- \/tables -->)/, (_, begin: string, end: string) => `${begin}\n${tables}\n${end}`),
  );
  return 0;
};
