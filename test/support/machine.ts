/**
 * How slow this machine is now: work takes so many times as long as on a quiet one. What a test waits for is given that much more time, and a
 * promise in seconds is held to that much more; on a quiet machine to not a millisecond more.
 */
import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';

/** So much work is done to see how long it takes: a short piece would be let through before others, even here. */
const WORK_MS = 60;
/** Less is a quiet machine, on which a test runs a server and a browser of its own. */
const QUIET = 2;
const MOST = 30;
/** A measure is good for so long. */
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
      // The last minute counts only while it still is so.
      resolve(now < QUIET ? 1 : Math.min(MOST, Math.max(now, loadavg()[0]! / availableParallelism())));
    });
  });

let last: { readonly at: number; readonly slowness: Promise<number> } | null = null;

/** 1 on a quiet machine. */
export const slowness = (): Promise<number> => {
  const now = performance.now();
  if (!last || now - last.at > FRESH_MS) last = { at: now, slowness: measure() };
  return last.slowness;
};

/** A time as this machine takes it now. */
export const stretched = async (ms: number): Promise<number> => Math.round(ms * (await slowness()));

/** The end of a wait. The machine is measured only where the time for a quiet one is over. */
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
