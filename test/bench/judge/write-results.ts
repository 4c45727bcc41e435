/** Keeps the results in the repository: JSON, a table, and plots, one folder for each browser. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WORKLOADS } from '../workloads/list.ts';
import { growthPlot } from './growth-plot.ts';
import { emptyPlot, plot } from './plot.ts';
import { type Group, merged, MIDDLE, nearestTo } from './results.ts';
import { table } from './table.ts';

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
  // The guide shows every plot, also of a workload that was never measured in this browser.
  for (const { id, sizes } of WORKLOADS) {
    const measured = all.filter((group) => group.workload === id);
    const name = join(folder, id.toLowerCase());
    await writeFile(`${name}.svg`, measured.length === 0 ? emptyPlot(id) : plot(nearestTo(MIDDLE, measured)));
    if (sizes === 'each') await writeFile(`${name}-growth.svg`, measured.length === 0 ? emptyPlot(id) : growthPlot(measured));
  }
};
