/** A page with a contestant: `?run=`. The result is in `window.result`. */
import { firstValueFrom, type Observable, take } from 'rxjs';
import { createReceiptClient } from 'tidemark';
import { StreamPort } from '../../../src/bridge/streams.ts';
import { databaseName } from '../../../src/model/storage-name.ts';
import { conversationId, makeBacklog, ME } from './backlog.ts';
import type { EngineDone } from './engine-worker.ts';
import { watchMainThread } from './main-thread.ts';

declare global {
  interface Window {
    /** Time when the first script of the page ran. */
    began: number;
    result: Promise<Record<string, number>>;
  }
}

/** No server listens at this address: all calls of this account stay on this device. */
const URL_WITHOUT_SERVER = 'ws://127.0.0.1:9/receipts';
const DATABASE = databaseName(URL_WITHOUT_SERVER, ME);
const VISIBLE = 50;
const INTENTS = 10_000;
const CALLERS = 100;

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const answerOf = <T>(worker: Worker, message: unknown, transfer: Transferable[] = []): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
    worker.onerror = ({ message: why }) => reject(new Error(why));
    worker.postMessage(message, transfer);
  });

const engineWorker = (): Worker => new Worker(new URL('./engine-worker.ts', import.meta.url), { type: 'module' });
const rawWorker = (): Worker => new Worker(new URL('./raw-worker.ts', import.meta.url), { type: 'module' });

/** The page watches the total and 50 counts while the worker stores the backlog. */
const ingest = async (database: string, asText: boolean): Promise<Record<string, number>> => {
  const worker = engineWorker();
  const { port1, port2 } = new MessageChannel();
  const streams = new StreamPort(port1);
  check((await answerOf(worker, { database, asText, streams: port2 }, [port2])) === 'ready', 'the worker did not start');
  let emissions = 0;
  const latest = new Map<string, number>();
  const record = (name: string, counts: Observable<number>): void => {
    counts.subscribe((count) => {
      emissions++;
      latest.set(name, count);
    });
  };
  record('total', streams.watch({ of: 'total-unread' }));
  for (let n = 0; n < VISIBLE; n++) record(conversationId(n), streams.watch({ of: 'unread', conversationId: conversationId(n) }));
  const mainThread = watchMainThread();
  const done = await answerOf<EngineDone>(worker, 'go');
  const { longestTaskMs, maxLagMs } = mainThread.stop();
  await new Promise((resolve) => setTimeout(resolve, 200));

  const { unread, totalUnread } = makeBacklog();
  check(latest.get('total') === totalUnread, `the page shows ${latest.get('total')} unread, counted ${totalUnread}`);
  for (const [id, count] of unread) check(done.unread.get(id) === count, `${id}: ${done.unread.get(id)} unread, counted ${count}`);
  for (let n = 0; n < VISIBLE; n++) check(latest.get(conversationId(n)) === (unread.get(conversationId(n)) ?? 0), 'a badge is wrong');
  return { ms: done.ms, foldedMs: done.foldedMs, longestWriteMs: done.longestWriteMs, longestTaskMs, maxLagMs, emissions };
};

const offlineClient = () => createReceiptClient({ url: URL_WITHOUT_SERVER, userId: ME, getToken: () => 'never asked for by anybody' });

/** 100 callers at once, each awaiting its own receipts one after the other: every promise resolves when its transaction is flushed. */
const intents = async (): Promise<Record<string, number>> => {
  const client = offlineClient();
  await firstValueFrom(client.watchConnection());
  const targets = makeBacklog().toRead(INTENTS);
  // The creation of the callers ends before the measurement of the main thread.
  await new Promise((resolve) => setTimeout(resolve));
  const mainThread = watchMainThread();
  const began = performance.now();
  let longestMs = 0;
  const caller = async (number: number): Promise<void> => {
    for (let i = number; i < INTENTS; i += CALLERS) {
      const { conversationId, id } = targets[i]!;
      const asked = performance.now();
      const { queued } = await client.sendReadReceipts(conversationId, [id]);
      longestMs = Math.max(longestMs, performance.now() - asked);
      check(queued.length === 1 && queued[0] === id, `${id} was not queued`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
  const ms = performance.now() - began;
  const { longestTaskMs, maxLagMs } = mainThread.stop();
  await client.close();
  return { ms, longestMs, longestTaskMs, maxLagMs };
};

const coldStart = async (): Promise<Record<string, number>> => {
  const client = offlineClient();
  const since = async (values: Observable<unknown>): Promise<number> => {
    await firstValueFrom(values.pipe(take(1)));
    return performance.now() - window.began;
  };
  const total = firstValueFrom(client.watchTotalUnreadCount());
  const list = firstValueFrom(client.watchConversations({ limit: VISIBLE }));
  // The worker reports the connection: by then the worker has opened the store and restored the state.
  const [totalMs, listMs, workerMs] = await Promise.all([
    since(client.watchTotalUnreadCount()),
    since(client.watchConversations({ limit: VISIBLE })),
    since(client.watchConnection()),
  ]);
  check((await total) === makeBacklog().totalUnread && (await list).length === VISIBLE, 'not what was stored');
  return { ms: Math.max(totalMs, listMs), workerMs };
};

const coldRaw = async (): Promise<Record<string, number>> => {
  const { total, newest } = await answerOf<{ total: number; newest: unknown[] }>(rawWorker(), { do: 'cold-start' });
  const ms = performance.now() - window.began;
  check(total === makeBacklog().totalUnread && newest.length === VISIBLE, 'not what was stored');
  return { ms };
};

const run = (name: string | null): Promise<Record<string, number>> => {
  switch (name) {
    case 'ingest':
      return ingest(DATABASE, false);
    case 'ingest-text':
      return ingest(`${DATABASE}:text`, true);
    case 'ingest-raw':
      return answerOf(rawWorker(), { do: 'ingest' });
    case 'intents':
      return intents();
    case 'intents-raw':
      return answerOf(rawWorker(), { do: 'intents', count: INTENTS });
    case 'cold-start':
      return coldStart();
    case 'cold-start-raw':
      return coldRaw();
    default:
      return Promise.reject(new Error(`no such contestant: ${name}`));
  }
};

window.result = run(new URLSearchParams(location.search).get('run'));
window.result.catch(() => undefined);
