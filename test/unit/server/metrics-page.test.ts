/** METRICS.md against the code: the page lists every metric with its kind and its labels, and lists no other. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { METRICS } from '../../../src/server/metrics/metric-names.ts';

it('METRICS.md lists every metric, with its kind and its labels, and no other', () => {
  const page = readFileSync(new URL('../../../src/METRICS.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*)\| .+\. \|$/gm)].map(([, name, kind, labels]) => [
    name,
    kind,
    [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  ]);
  expect(listed).toEqual(Object.entries(METRICS).map(([name, { kind, labels }]) => [name, kind, labels]));
  expect(listed.length).toBeGreaterThan(5);
});
