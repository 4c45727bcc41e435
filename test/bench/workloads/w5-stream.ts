/** W5: 100,000 changes of 1,000 counts come from a worker to the page. */
import { check } from './check.ts';
import type { Workload } from './workload.ts';

const CHANGES = 100_000;
const KEYS = 1000;

export const stream: Workload = {
  run: async (contestant, task) => {
    const changes = Math.max(KEYS, Math.ceil(CHANGES * task.effort));
    await task.meter.begin();
    const began = performance.now();
    const values = await contestant.stream!(changes);
    const ms = performance.now() - began;
    const busy = await task.meter.end();
    for (let key = 0; key < KEYS; key++) {
      const newest = changes - 1 - ((changes - 1 - key) % KEYS);
      check(values.get(key) === newest, `count ${key} is ${values.get(key)}, counted ${newest}`);
    }
    return { ms, ...busy };
  },
};
