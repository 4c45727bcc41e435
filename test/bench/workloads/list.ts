/** The workloads: the measure, the order and the stores of each workload. */
export interface Listed {
  readonly id: string;
  readonly title: string;
  /** The value compared by plots and ratios, and its unit. */
  readonly main: { readonly value: string; readonly unit: 'ms' | 'MB'; readonly label: string };
  /** Further values for the table. */
  readonly more: Readonly<Record<string, string>>;
  /** `new`: an empty profile. `filled`: the profile with the whole backlog. `receipts`: filled only for a contestant with a server. */
  readonly profile: 'new' | 'filled' | 'receipts';
  /** `each`: on every size asked for. `middle`: on 100,000 messages, or the size nearest to it. `million`: on the size for memory. */
  readonly sizes: 'each' | 'middle' | 'million';
  /** The contestant with the ratio 1. */
  readonly reference: string;
  /** Browser starts in a run; the run's value is their median. */
  readonly repeats?: number;
  /** The measured span begins at the navigation. */
  readonly fromNavigation?: true;
}

const BUSY = {
  cpuMs: 'CPU of the browser (ms)',
  mainMs: 'main thread busy (ms)',
  longestTaskMs: 'longest task (ms)',
} as const;

/** In the order of a run: first the workloads that leave the store unchanged. */
export const WORKLOADS: readonly Listed[] = [
  {
    id: 'W1',
    title: 'a backlog is stored and counted',
    main: { value: 'ms', unit: 'ms', label: 'stored and counted' },
    more: {
      totalMs: 'total right on the page (ms)',
      foldedMs: '… and folded into pages (ms)',
      longestWriteMs: 'longest write (ms)',
      ...BUSY,
    },
    profile: 'new',
    sizes: 'each',
    reference: 'raw-rows',
  },
  {
    id: 'W7b',
    title: 'a conversation is opened while a backlog comes in',
    main: { value: 'ms', unit: 'ms', label: 'newest 50 on the page' },
    more: { worstMs: 'worst (ms)', ...BUSY },
    profile: 'new',
    sizes: 'middle',
    reference: 'raw-rows',
  },
  {
    id: 'W3',
    title: 'cold start: total and 50 newest conversations',
    main: { value: 'ms', unit: 'ms', label: 'first paint, from the navigation' },
    more: { workerMs: 'by the worker (ms)', ...BUSY },
    profile: 'filled',
    sizes: 'each',
    reference: 'raw-rows',
    repeats: 3,
    fromNavigation: true,
  },
  {
    id: 'W6',
    title: 'the total unread count is asked for',
    main: { value: 'ms', unit: 'ms', label: 'an answer' },
    more: BUSY,
    profile: 'filled',
    sizes: 'each',
    reference: 'raw-rows',
  },
  {
    id: 'W7',
    title: 'a conversation is opened: its newest 50 messages',
    main: { value: 'ms', unit: 'ms', label: 'newest 50 on the page' },
    more: { firstMs: 'the first one (ms)', worstMs: 'worst (ms)', ...BUSY },
    profile: 'filled',
    sizes: 'each',
    reference: 'raw-rows',
  },
  {
    id: 'W2',
    title: '2,000 messages a second for 10 s',
    main: { value: 'ms', unit: 'ms', label: 'latency to the total on the page, p99' },
    more: { p50Ms: 'p50 (ms)', worstMs: 'worst (ms)', emissions: 'totals emitted', ...BUSY },
    profile: 'filled',
    sizes: 'middle',
    reference: 'raw-rows',
  },
  {
    id: 'W4',
    title: '10,000 read receipts from 100 callers, each stored',
    main: { value: 'ms', unit: 'ms', label: 'all stored' },
    more: { perSecond: 'receipts a second', longestCallMs: 'longest call (ms)', ...BUSY },
    profile: 'receipts',
    sizes: 'middle',
    reference: 'raw-strict',
  },
  {
    id: 'W4s',
    title: '1,000 read receipts from one caller, each stored before the next',
    main: { value: 'ms', unit: 'ms', label: 'all stored' },
    more: { perSecond: 'receipts a second', longestCallMs: 'longest call (ms)', ...BUSY },
    profile: 'receipts',
    sizes: 'middle',
    reference: 'raw-strict',
  },
  {
    id: 'W5',
    title: '100,000 changes of counts come to the page',
    main: { value: 'ms', unit: 'ms', label: 'all on the page' },
    more: BUSY,
    profile: 'new',
    sizes: 'middle',
    reference: 'stream-comlink-awaited',
  },
  {
    id: 'W8',
    title: 'memory with a million messages stored',
    main: { value: 'workerMb', unit: 'MB', label: 'worker' },
    more: { pageMb: 'page (MB)' },
    profile: 'filled',
    sizes: 'million',
    reference: 'dexie-worker',
  },
];

export const listedOf = (id: string): Listed => {
  const listed = WORKLOADS.find((one) => one.id === id);
  if (!listed) throw new Error(`no such workload: ${id}; there are ${WORKLOADS.map((one) => one.id).join(', ')}`);
  return listed;
};
