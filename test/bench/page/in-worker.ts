/** The page's side of a contestant with a store in a worker. */
import { VISIBLE } from '../data/feed.ts';
import type { Contestant, Screen, Summary } from './contestant.ts';
import type { StoreCall, StoreNews } from './serve-store.ts';

export const inWorker = (worker: Worker): Contestant => {
  const waiting = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }>();
  let screen: Screen | undefined;
  let calls = 0;
  worker.onmessage = ({ data }: MessageEvent<StoreNews>) => {
    if ('total' in data) {
      for (const [id, count] of data.counts) screen?.count(id, count);
      screen?.total(data.total);
      return;
    }
    const { resolve, reject } = waiting.get(data.call)!;
    waiting.delete(data.call);
    if ('error' in data) reject(new Error(data.error));
    else resolve(data.answer as never);
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(`the worker failed: ${message}`));
  };
  const ask = <T>(what: StoreCall): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      calls++;
      waiting.set(calls, { resolve: resolve, reject });
      worker.postMessage({ call: calls, what });
    });
  return {
    open: ({ messages, conversations }, shown) => {
      screen = shown;
      return ask({ do: 'open', amount: { messages, conversations } });
    },
    ingest: () => ask({ do: 'ingest' }),
    live: (perSecond, seconds) => ask({ do: 'live', perSecond, seconds }),
    coldStart: () => ask<Summary>({ do: 'coldStart', limit: VISIBLE }),
    countUnread: () => ask({ do: 'countUnread' }),
    openConversation: (conversationId, limit) => ask({ do: 'openConversation', conversationId, limit }),
  };
};
