/**
 * The slowness of this machine: the time of some work here, divided by the time on an idle machine. The tests
 * multiply their waits and their limits by this factor. On an idle machine nothing is added.
 */
import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';

/** The amount of measured work: the scheduler would prefer a shorter piece, even on a busy machine. */
const WORK_MS = 60;
/** A smaller measure means an idle machine, on which a test runs a server and a browser of its own. */
const QUIET = 2;
const MOST = 30;
/** A measure is valid for this time. */
const FRESH_MS = 2000;

const WORK = `
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const [began, before] = [performance.now(), cpu()];
while (cpu() - before < ${WORK_MS});
console.log((performance.now() - began) / (cpu() - before));
`;

const measure = (): Promise<number> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', WORK], (error, said) => {
      if (error) return reject(new Error('the work by which the machine is measured did not run', { cause: error }));
      const now = Number(said);
      // The load of the last minute counts only if the machine is still busy.
      resolve(now < QUIET ? 1 : Math.min(MOST, Math.max(now, loadavg()[0]! / availableParallelism())));
    });
  });

let last: { readonly at: number; readonly slowness: Promise<number> } | null = null;

/** The slowness; 1 on an idle machine. */
export const slowness = (): Promise<number> => {
  const now = performance.now();
  if (!last || now - last.at > FRESH_MS) last = { at: now, slowness: measure() };
  return last.slowness;
};

/** The allowed time of this machine now, if an idle machine takes `ms`. */
export const stretched = async (ms: number): Promise<number> => Math.round(ms * (await slowness()));

/** The allowed time of one action in a page, such as a click, on an idle machine. */
export const ACTION_MS = 30_000;

/** The end of a wait. The machine is measured only after the time for an idle machine has passed. */
export class Deadline {
  private readonly began = performance.now();
  private withinMs: number;

  constructor(private readonly quietMs: number) {
    this.withinMs = quietMs;
  }

  get leftMs(): number {
    return this.began + this.withinMs - performance.now();
  }

  async isOver(): Promise<boolean> {
    if (this.leftMs > 0) return false;
    this.withinMs = Math.max(this.withinMs, await stretched(this.quietMs));
    return this.leftMs <= 0;
  }
}
