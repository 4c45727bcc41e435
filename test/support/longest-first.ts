/** What takes longest begins first, so that no core waits for it at the end: a fresh machine has no times of the run before to go by. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By how long they took, each more than ten seconds. */
const LONGEST = [
  'test/e2e/replay',
  'test/e2e/offline-reading',
  'test/e2e/half-open',
  'test/e2e/demo',
  'test/contract/server-groups.model',
  'test/contract/server-cli',
  'test/contract/server-store.pglite',
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
