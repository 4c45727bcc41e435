/** Keeps the results in the repository: JSON, a table, and plots, one folder for each browser. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { growthPlot } from './growth-plot.ts';
import { plot } from './plot.ts';
import { type Group, merged, MIDDLE, nearestTo } from './results.ts';
import { table } from './table.ts';

/** Workloads whose time may grow with the store. */
const GROWING = ['W1', 'W3', 'W6', 'W7'];

const readGroups = async (file: string): Promise<Group[]> => {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Group[];
};

/** Adds the groups to those in the folder, and writes everything new. */
export const writeResults = async (folder: string, groups: readonly Group[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const all = merged(await readGroups(file), groups);
  await writeFile(file, `${JSON.stringify(all, null, 1)}\n`);
  await writeFile(join(folder, 'table.md'), table(all));
  for (const workload of new Set(all.map((group) => group.workload))) {
    const sizes = all.filter((group) => group.workload === workload);
    await writeFile(join(folder, `${workload.toLowerCase()}.svg`), plot(nearestTo(MIDDLE, sizes)));
  }
  for (const workload of GROWING) {
    const sizes = all.filter((group) => group.workload === workload);
    if (sizes.length > 1) await writeFile(join(folder, `${workload.toLowerCase()}-growth.svg`), growthPlot(sizes));
  }
};
