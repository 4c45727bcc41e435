/** `npm run replay -- FILE [--days N] [--seed S]` */
import { parseArgs } from 'node:util';
import { type Progress, replay } from './replay.ts';

const USAGE = 'npm run replay -- FILE [--days N] [--seed S]      FILE: traffic as .jsonl or .jsonl.gz';
const EVERY_MS = 2000;
const SHOWN_MISMATCHES = 10;

const wholeNumber = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number; got ${text}\n${USAGE}`);
  return Number(text);
};

export const main = async (args: string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { days: { type: 'string' }, seed: { type: 'string' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new Error(USAGE);
  const days = wholeNumber(values.days, '--days');
  const seed = wholeNumber(values.seed, '--seed') ?? 1;

  const began = performance.now();
  let told = began;
  const progress = ({ lines, ofLines, messages, ofMessages, online, kills, cuts }: Progress): void => {
    const now = performance.now();
    if (now - told < EVERY_MS && lines < ofLines) return;
    told = now;
    const perSecond = ((messages / (now - began)) * 1000).toFixed(0);
    console.log(
      `line ${lines}/${ofLines}  messages ${messages}/${ofMessages}  ${perSecond}/s  online ${online}  kills ${kills}  cuts ${cuts}`,
    );
  };
  const { busiest, people, pairs, messages, kills, cuts, playedMs, comparisons } = await replay({
    file,
    seed,
    progress,
    ...(days === undefined ? {} : { days }),
  });

  console.log(`\nseed ${seed}: ${messages} messages in ${pairs} conversations of ${people} people in ${(playedMs / 1000).toFixed(1)} s`);
  console.log(`${busiest} was a browser: killed ${kills} times, cut off ${cuts} times\n`);
  const width = Math.max(...comparisons.map(({ what }) => what.length));
  console.log(`${'compared with the recount'.padEnd(width)}  ${'compared'.padStart(9)}  ${'different'.padStart(9)}`);
  for (const { what, compared, mismatches } of comparisons)
    console.log(`${what.padEnd(width)}  ${String(compared).padStart(9)}  ${String(mismatches.length).padStart(9)}`);
  const all = comparisons.flatMap(({ mismatches }) => mismatches);
  const compared = comparisons.reduce((sum, one) => sum + one.compared, 0);
  console.log(`${'all'.padEnd(width)}  ${String(compared).padStart(9)}  ${String(all.length).padStart(9)}`);
  for (const mismatch of all.slice(0, SHOWN_MISMATCHES)) console.log(`  ${mismatch}`);
  return all.length === 0 ? 0 : 1;
};
