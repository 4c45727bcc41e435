/** W8: the memory of page and worker while the store holds a million messages, after the screen has its counts. */
import { Feed } from '../data/feed.ts';
import { check, Shown } from './check.ts';
import type { Workload } from './workload.ts';

interface Measured {
  readonly bytes: number;
  readonly breakdown: readonly { readonly bytes: number; readonly attribution: readonly { readonly scope: string }[] }[];
}

const MB = 1_000_000;

export const memory: Workload = {
  run: async (contestant, task) => {
    const shown = new Shown();
    await contestant.open!(task, shown);
    const measure = (performance as unknown as { measureUserAgentSpecificMemory?: () => Promise<Measured> }).measureUserAgentSpecificMemory;
    check(measure !== undefined, 'this browser does not measure the memory of a page');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const { breakdown } = await measure!.call(performance);
    const of = (scope: string): number =>
      breakdown.reduce((sum, one) => sum + (one.attribution.some((part) => part.scope === scope) ? one.bytes : 0), 0) / MB;
    const { totalUnread } = new Feed(task).skipBacklog();
    const total = await contestant.countUnread!();
    check(total === totalUnread, `a total of ${total}, counted ${totalUnread}`);
    return { workerMb: of('DedicatedWorkerGlobalScope'), pageMb: of('Window') };
  },
};
