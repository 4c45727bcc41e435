/** Starts the longest test files first, so that no core is idle at the end. A fresh machine has no times of an earlier run. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest files, by their time; each takes more than ten seconds. */
const LONGEST = [
  'test/e2e/replay',
  'test/e2e/demo-vendors',
  'test/e2e/outbox-sdks',
  'test/e2e/offline-reading',
  'test/e2e/half-open',
  'test/e2e/demo',
  'test/contract/conformance',
  'test/contract/server-groups.model',
  'test/contract/server-cli',
  'test/contract/server-store.pglite',
  'test/contract/server-store',
  'test/contract/several-servers',
  'test/browser/compat-first-start',
  'test/browser/compat-easemob-sdk',
];

const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONGEST.findIndex((name) => moduleId.includes(name));
  return found === -1 ? LONGEST.length : found;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
