/** The processor time of a process and all its children, ended ones included. Linux only; elsewhere NaN. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** The name of a process may hold spaces and brackets, so the fields are counted from the last bracket. */
export const readStat = (text: string): Stat => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return { parent: Number(fields[1]), ticks };
};

/** User and system time in ms, with the time of ended children. */
export const cpuMsOf = (root: number): number => {
  const stats = new Map<number, Stat>();
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return NaN;
  }
  for (const name of names)
    if (/^\d+$/.test(name))
      try {
        stats.set(Number(name), readStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
      } catch {
        // The process has ended since.
      }
  const isOfTree = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = stats.get(at)?.parent) if (at === root) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, stat] of stats) if (isOfTree(pid)) ticks += stat.ticks;
  return (ticks / TICKS_PER_SECOND) * 1000;
};
