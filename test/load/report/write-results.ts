/** Keeps the results in the repository: JSON, a page, and plots. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCENARIOS } from '../scenarios/list.ts';
import { draw, emptyPlot } from './plots.ts';
import type { Result } from './results.ts';
import { page } from './table.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

const readResults = async (file: string): Promise<Result[]> => JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as Result[];

/** Newer results replace older results of the same scenario. */
export const writeResults = async (results: readonly Result[], folder = RESULTS): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const older = await readResults(file);
  const all = SCENARIOS.flatMap(({ id }) => [...results, ...older].find(({ scenario }) => scenario === id) ?? []);
  await writeFile(file, `${JSON.stringify(all, null, 1)}\n`);
  await writeFile(join(folder, 'table.md'), page(all));
  // SCALE.md shows the plot of every scenario, also of one that was never measured.
  for (const { id, title } of SCENARIOS) {
    const plot = all.find(({ scenario }) => scenario === id)?.plot;
    await writeFile(join(folder, `${id}.svg`), plot ? draw(plot) : emptyPlot(title));
  }
};
