/** The machine of the measurement. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly browser: string;
  /** The load of the machine before the first step, as a mean of a minute. */
  readonly load: number;
}

export const thisMachine = (browser: string): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  browser,
  load: Math.round(loadavg()[0]! * 100) / 100,
});
