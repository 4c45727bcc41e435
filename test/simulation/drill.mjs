// `npm run simulate:drill`: plants each bug alone, and runs worlds until a world finds the bug, for a minute of a
// processor at most: a tenth of what the simulation of `npm test` has. Lists the missed bugs, and fails if more than
// a twentieth was missed. `-- --only WORD` plants only bugs with the word in the name or in the file's path.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { availableParallelism } from 'node:os';
import { BUGS } from './bugs.mjs';
import { bundle } from './bundle.mjs';
import { answerOptions } from '../support/run-command.mjs';

const LEAST = 0.95;
const MOST_MINUTES = '1';
const FOUND = 3;

const USAGE = `npm run simulate:drill -- [options]

  --only WORD  plants only bugs with the word in the name or in the file's path`;

const args = process.argv.slice(2);
const answer = answerOptions(USAGE, args);
if (answer !== undefined) process.exit(answer);
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
const bugs = BUGS.filter(({ name, file }) => only === undefined || name.includes(only) || file.includes(only));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Seconds of processor time in all: the cost of the drill, independent of other work on the machine. */
let total = 0;

const hunt = async (bug, number) => {
  const script = await bundle(`drill-${number}`, [bug], bug.main).catch(() => null);
  if (script === null) {
    console.log(`STALE        ${bug.name}: its text is not in ${bug.file} exactly once`);
    return false;
  }
  const child = spawn(process.execPath, [script, '--first', '--minutes', MOST_MINUTES], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let seconds = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += String(data).replace(/^processor time ([\d.]+) s\n/m, (_, took) => {
        seconds = Number(took);
        return '';
      });
    });
  const code = await new Promise((done) => child.on('exit', done));
  // A bug with a crash of the simulator itself counts as found.
  const found = code !== 0;
  const how =
    code === FOUND
      ? said.trim()
      : found
        ? `the simulator fell over: ${
            said
              .trim()
              .split('\n')
              .find((line) => line.includes('Error')) ?? code
          }`
        : '';
  console.log(`${found ? 'found ' : 'MISSED'} ${seconds.toFixed(0).padStart(3)} s  ${bug.name}${how ? `: ${how.slice(0, 150)}` : ''}`);
  total += seconds;
  return found;
};

const results = [];
const waiting = bugs.map((bug, i) => ({ bug, i }));
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push({ bug: next.bug, found: await hunt(next.bug, next.i) });
  }),
);
const missed = results.filter(({ found }) => !found);
console.log(`${results.length - missed.length} of ${results.length} found, in ${(total / 60).toFixed(1)} minutes of processor time`);
for (const { bug } of missed) console.log(`missed: ${bug.name} (${bug.file})`);
process.exitCode = results.length > 0 && (results.length - missed.length) / results.length >= LEAST ? 0 : 1;
