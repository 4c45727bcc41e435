/** `npm run bench`: the contestants take turns in one run, and their counts are checked. No number fails the run. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSize } from './bundle-size.ts';
import { type Group, withRun } from './judge/results.ts';
import { amountShown, shown, table } from './judge/table.ts';
import { writeResults } from './judge/write-results.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { type Planned, planRun } from './plan.ts';
import { type Machine, thisMachine } from './rig/machine.ts';
import { SizeRunner } from './rig/runner.ts';
import { serveSite } from './rig/site.ts';
import { Steps } from './rig/step.ts';

const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const printSizes = async (): Promise<void> => {
  const { page, worker } = await bundleSize();
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const line = ({ minified, gzip, brotli }: typeof page): string => `${kB(minified)} minified, ${kB(gzip)} gzip, ${kB(brotli)} brotli`;
  console.log(`page without RxJS: ${line(page)}\nworker:            ${line(worker)}`);
};

class Bench {
  private readonly groups = new Map<string, Group>();
  private readonly began = performance.now();
  private readonly machine = thisMachine('');
  private done = 0;
  private isStopped = false;

  constructor(private readonly options: BenchOptions) {}

  stop(): void {
    if (this.isStopped) process.exit(130);
    this.isStopped = true;
    say('stopping after this step; press again to stop at once');
  }

  get results(): Group[] {
    return [...this.groups.values()];
  }

  get failures(): number {
    return this.results.flatMap(({ rows }) => rows).filter(({ failed }) => failed !== undefined).length;
  }

  async run(steps: Steps, site: string): Promise<void> {
    const { runs } = this.options;
    const plans = Array.from({ length: runs }, (_, run) => planRun(this.options, run));
    const all = plans.flat(2).length;
    for (const [run, plan] of plans.entries()) {
      for (const planned of plan) {
        const runner = new SizeRunner(steps, site, this.options);
        try {
          for (const step of planned) {
            if (this.isStopped || this.minutes > this.options.minutes) continue;
            this.done++;
            await this.runStep(runner, step, `${this.done}/${all} ${this.minutes.toFixed(1)} min  run ${run + 1}/${runs}`);
          }
        } finally {
          await runner.end();
        }
        if (this.options.isWritten) await writeResults(join(RESULTS, this.options.browser), this.results);
      }
    }
    if (this.done < all) say(`${all - this.done} of ${all} steps were not run`);
  }

  private get minutes(): number {
    return (performance.now() - this.began) / 60_000;
  }

  private async runStep(runner: SizeRunner, step: Planned, where: string): Promise<void> {
    const { workload, amount, contestant } = step;
    const name = `${where}  ${workload.id.padEnd(3)} ${amountShown(amount.messages).padEnd(4)} ${contestant.padEnd(22)}`;
    try {
      const { values, browser } = await runner.run(step);
      say(
        `${name} ${Object.entries(values)
          .map(([key, value]) => `${key} ${shown(value)}`)
          .join('  ')}`,
      );
      this.note(step, values, { ...this.machine, browser: `${browser}${this.options.browser === 'chromium-sqlite' ? ' (SQLite)' : ''}` });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`${name} FAILED: ${why}`);
      this.note(step, why, this.machine);
    }
  }

  private note({ workload, amount, contestant }: Planned, outcome: Readonly<Record<string, number>> | string, machine: Machine): void {
    const key = `${workload.id} ${amount.messages}`;
    const date = new Date().toISOString().slice(0, 10);
    const before = this.groups.get(key) ?? { workload: workload.id, ...amount, date, machine, rows: [] };
    const known = before.machine.browser === '' ? machine : before.machine;
    this.groups.set(key, { ...before, machine: known, rows: withRun(before.rows, contestant, outcome) });
  }
}

export { USAGE };

export const main = async (args: string[]): Promise<number> => {
  if (args.length === 1 && args[0] === 'size') {
    await printSizes();
    return 0;
  }
  const options = readOptions(args);
  const steps = new Steps();
  const bench = new Bench(options);
  const stop = (): void => bench.stop();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const site = await serveSite(steps.answer);
  try {
    await bench.run(steps, site.url);
  } finally {
    await site.close();
  }
  console.log(options.isJson ? JSON.stringify(bench.results, null, 1) : table(bench.results));
  // A failing or wrong contestant fails the command; a time never does.
  return bench.failures === 0 ? 0 : 1;
};
