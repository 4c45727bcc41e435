/** The page of the bench: runs a workload with a contestant, and loads no code of another contestant. */
import type { Workload } from '../workloads/workload.ts';
import type { Contestant } from './contestant.ts';
import { inWorker } from './in-worker.ts';
import { Meter, tellFailure, tellResult } from './rig.ts';

const contestants: Readonly<Record<string, () => Contestant | Promise<Contestant>>> = {
  tidemark: async () => (await import('../contestants/tidemark.ts')).contestant,
  'tidemark-engine': async () => (await import('../contestants/tidemark-engine.ts')).contestant,
  'raw-rows': () => inWorker(new Worker(new URL('../contestants/raw-rows.ts', import.meta.url), { type: 'module' })),
  'raw-pages': () => inWorker(new Worker(new URL('../contestants/raw-pages.ts', import.meta.url), { type: 'module' })),
  'dexie-worker': () => inWorker(new Worker(new URL('../contestants/dexie-worker.ts', import.meta.url), { type: 'module' })),
  'dexie-live': async () => (await import('../contestants/dexie-live.ts')).contestant,
  rxdb: async () => (await import('../contestants/rxdb.ts')).contestant,
  'raw-strict': async () => (await import('../contestants/raw-outbox.ts')).oneByOne,
  'raw-worker': async () => (await import('../contestants/raw-outbox.ts')).inWorker,
  'raw-grouped': async () => (await import('../contestants/raw-outbox.ts')).grouped,
  'dexie-outbox': async () => (await import('../contestants/dexie-outbox.ts')).contestant,
  workbox: async () => (await import('../contestants/workbox-queue.ts')).contestant,
  tanstack: async () => (await import('../contestants/tanstack.ts')).contestant,
  'stream-tidemark': async () => (await import('../contestants/streams.ts')).tidemark,
  'stream-comlink-awaited': async () => (await import('../contestants/streams.ts')).comlinkAwaited,
  'stream-comlink': async () => (await import('../contestants/streams.ts')).comlink,
  'stream-messages': async () => (await import('../contestants/streams.ts')).messages,
  'stream-arrays': async () => (await import('../contestants/streams.ts')).arrays,
  'stream-conflated': async () => (await import('../contestants/streams.ts')).conflated,
};

const workloads: Readonly<Record<string, () => Promise<Workload>>> = {
  W1: async () => (await import('../workloads/w1-backlog.ts')).backlog,
  W2: async () => (await import('../workloads/w2-live.ts')).live,
  W3: async () => (await import('../workloads/w3-cold-start.ts')).coldStart,
  W4: async () => (await import('../workloads/w4-receipts.ts')).receipts,
  W4s: async () => (await import('../workloads/w4-receipts.ts')).receiptsOneByOne,
  W5: async () => (await import('../workloads/w5-stream.ts')).stream,
  W6: async () => (await import('../workloads/w6-count.ts')).count,
  W7: async () => (await import('../workloads/w7-open.ts')).open,
  W7b: async () => (await import('../workloads/w7b-open-meanwhile.ts')).openMeanwhile,
  W8: async () => (await import('../workloads/w8-memory.ts')).memory,
};

const params = new URLSearchParams(location.search);
const text = (name: string): string => params.get(name) ?? '';

const run = async (): Promise<Readonly<Record<string, number>>> => {
  const [contestant, workload] = await Promise.all([contestants[text('contestant')]!(), workloads[text('workload')]!()]);
  return workload.run(contestant, {
    messages: Number(text('messages')),
    conversations: Number(text('conversations')),
    url: text('url'),
    effort: Number(text('effort')),
    meter: new Meter(),
  });
};

const fail = (error: unknown): void => void tellFailure(error instanceof Error ? (error.stack ?? error.message) : String(error));
window.addEventListener('unhandledrejection', ({ reason }) => fail(reason));
window.addEventListener('error', ({ message }) => fail(message));
run().then(tellResult).catch(fail);
