/** `npm run replay -- FILE [--days N] [--seed S] [--only direct|groups] [--max-members M]` */
import { parseArgs } from 'node:util';
import { replayGroups } from './groups/replay-groups.ts';
import type { Progress } from './progress.ts';
import { replay } from './replay.ts';
import type { Comparison } from './tally.ts';

export const USAGE = `npm run replay -- FILE [--days N] [--seed S] [--only direct|groups] [--max-members M]

  FILE           traffic as .jsonl or .jsonl.gz
  --days         only the first N channel-days
  --seed         decides when browser and network fail; default 1
  --only direct  only messages with an addressee, as direct messages
  --only groups  every channel-day as a group; default: both, one after the other
  --max-members  messages to larger groups request no receipts; default 500`;
const EVERY_MS = 2000;
const SHOWN_MISMATCHES = 10;

const wholeNumber = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number; got ${text}\n${USAGE}`);
  return Number(text);
};

/** Prints a line every two seconds, and at the end. */
const nowAndThen = (): ((isLast: boolean, line: () => string) => void) => {
  let told = performance.now();
  return (isLast, line) => {
    const now = performance.now();
    if (now - told < EVERY_MS && !isLast) return;
    told = now;
    console.log(line());
  };
};

const playing = (): ((progress: Progress) => void) => {
  const began = performance.now();
  const tell = nowAndThen();
  return ({ lines, ofLines, messages, ofMessages, online, kills, cuts }) =>
    tell(lines === ofLines, () => {
      const perSecond = ((messages / (performance.now() - began)) * 1000).toFixed(0);
      return `line ${lines}/${ofLines}  messages ${messages}/${ofMessages}  ${perSecond}/s  online ${online}  kills ${kills}  cuts ${cuts}`;
    });
};

/** @returns number of differences */
const print = (comparisons: readonly Comparison[]): number => {
  const width = Math.max(...comparisons.map(({ what }) => what.length));
  const row = (what: string, compared: unknown, different: unknown): void =>
    console.log(`${what.padEnd(width)}  ${String(compared).padStart(9)}  ${String(different).padStart(9)}`);
  row('compared with the recount', 'compared', 'different');
  for (const { what, compared, mismatches } of comparisons) row(what, compared, mismatches.length);
  const all = comparisons.flatMap(({ mismatches }) => mismatches);
  row(
    'all',
    comparisons.reduce((sum, one) => sum + one.compared, 0),
    all.length,
  );
  for (const mismatch of all.slice(0, SHOWN_MISMATCHES)) console.log(`  ${mismatch}`);
  return all.length;
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

interface Wanted {
  readonly file: string;
  readonly seed: number;
  readonly days?: number;
}

const directly = async (wanted: Wanted): Promise<number> => {
  const { busiest, people, pairs, messages, kills, cuts, playedMs, comparisons } = await replay({ ...wanted, progress: playing() });
  console.log(
    `\nseed ${wanted.seed}: ${messages} messages in ${pairs} conversations of ${people} people in ${seconds(playedMs)}\n` +
      `${busiest} was a browser: killed ${kills} times, cut off ${cuts} times\n`,
  );
  return print(comparisons);
};

const inGroups = async (wanted: Wanted, maxMembers: number | undefined): Promise<number> => {
  const tell = nowAndThen();
  const { busiest, people, groups, messages, asking, kills, cuts, playedMs, comparedMs, comparisons } = await replayGroups({
    ...wanted,
    ...(maxMembers === undefined ? {} : { maxMembers }),
    progress: playing(),
    comparing: (what, done, of) => tell(done === of, () => `comparing ${what}: ${done}/${of}`),
  });
  console.log(
    `\nseed ${wanted.seed}: ${messages} messages, ${asking} of them asking, in ${groups} groups of ${people} people in ` +
      `${seconds(playedMs)}, compared in ${seconds(comparedMs)}\n` +
      `${busiest} was a browser with a second device: killed ${kills} times, cut off ${cuts} times\n`,
  );
  return print(comparisons);
};

export const main = async (args: string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { days: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' }, 'max-members': { type: 'string' } },
  });
  const [file] = positionals;
  const { only = 'both' } = values;
  if (file === undefined || positionals.length > 1 || !['both', 'direct', 'groups'].includes(only)) throw new Error(USAGE);
  const days = wholeNumber(values.days, '--days');
  const maxMembers = wholeNumber(values['max-members'], '--max-members');
  const wanted: Wanted = { file, seed: wholeNumber(values.seed, '--seed') ?? 1, ...(days === undefined ? {} : { days }) };

  let different = 0;
  if (only !== 'groups') different += await directly(wanted);
  if (only === 'both') console.log('');
  if (only !== 'direct') different += await inGroups(wanted, maxMembers);
  return different === 0 ? 0 : 1;
};
