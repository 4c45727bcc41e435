/**
 * The worker of a contestant that is only a store: makes the messages, counts and writes these messages, and tells
 * the page the counts at most once in a frame of the screen. So these contestants differ in their storage alone.
 */
import { type Amount, Feed, type FedMessage, ME, visibleOf } from '../data/feed.ts';
import { paced } from './pacing.ts';

export interface Counter {
  readonly conversationId: string;
  readonly unread: number;
  readonly latestSeq: number;
  readonly latestAt: number;
}

export interface MessageStore {
  open(): Promise<void>;
  /** Writes the batch in a transaction. @param touched the counters of the conversations in the batch. */
  write(batch: readonly FedMessage[], touched: readonly Counter[], totalUnread: number): Promise<void>;
  /** Writes the counters after a backlog, if the batches did not. */
  writeCounters(counters: Iterable<Counter>, totalUnread: number): Promise<void>;
  /** The work left for later by a store. */
  settle?(): Promise<void>;
  readCounters(): Promise<readonly Counter[]>;
  /** The total and the newest conversations, as a cold start reads them. */
  summary(limit: number): Promise<{ readonly total: number; readonly newest: readonly string[] }>;
  countUnread(): Promise<number>;
  newest(conversationId: string, limit: number, latestSeq: number): Promise<readonly number[]>;
}

export type StoreCall =
  | { readonly do: 'open'; readonly amount: Amount }
  | { readonly do: 'ingest' }
  | { readonly do: 'live'; readonly perSecond: number; readonly seconds: number }
  | { readonly do: 'coldStart'; readonly limit: number }
  | { readonly do: 'countUnread' }
  | { readonly do: 'openConversation'; readonly conversationId: string; readonly limit: number };

export type StoreNews =
  | { readonly call: number; readonly answer: unknown }
  | { readonly call: number; readonly error: string }
  | { readonly total: number; readonly counts: readonly (readonly [conversationId: string, count: number])[] };

const FRAME_MS = 16;
/** The maximum number of batches in memory. */
const BATCHES_AT_ONCE = 100;

export const serveStore = (store: MessageStore): void => {
  const counters = new Map<string, Counter>();
  let amount: Amount = { messages: 0, conversations: 0 };
  let totalUnread = 0;
  let visible = new Set<string>();
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isDue = false;

  const tell = (): void => {
    isDue = false;
    const counts = [...changed].map((id): [string, number] => [id, counters.get(id)?.unread ?? 0]);
    changed.clear();
    postMessage({ total: totalUnread, counts } satisfies StoreNews);
    timer = setTimeout(() => {
      timer = null;
      if (isDue) tell();
    }, FRAME_MS);
  };
  const write = async (batch: readonly FedMessage[]): Promise<void> => {
    const touched = new Map<string, Counter>();
    for (const { conversationId, seq, senderId, sentAt } of batch) {
      const isUnread = senderId === ME ? 0 : 1;
      totalUnread += isUnread;
      const unread = (counters.get(conversationId)?.unread ?? 0) + isUnread;
      const counter = { conversationId, unread, latestSeq: seq, latestAt: sentAt };
      counters.set(conversationId, counter);
      touched.set(conversationId, counter);
    }
    await store.write(batch, [...touched.values()], totalUnread);
    for (const id of touched.keys()) if (visible.has(id)) changed.add(id);
    isDue = true;
    if (timer === null) tell();
  };
  const ingest = async (): Promise<Record<string, number>> => {
    const feed = new Feed(amount);
    let ms = 0;
    let longestWriteMs = 0;
    for (let left = amount.messages; left > 0;) {
      const batches: FedMessage[][] = [];
      for (; left > 0 && batches.length < BATCHES_AT_ONCE; left -= batches.at(-1)!.length) batches.push(feed.take(Math.min(1000, left)));
      const began = performance.now();
      for (const batch of batches) {
        const before = performance.now();
        await write(batch);
        longestWriteMs = Math.max(longestWriteMs, performance.now() - before);
      }
      if (left === 0) await store.writeCounters(counters.values(), totalUnread);
      ms += performance.now() - began;
    }
    const settling = performance.now();
    await store.settle?.();
    return { ms, totalMs: ms, foldedMs: ms + performance.now() - settling, longestWriteMs };
  };
  const answer = async (call: StoreCall): Promise<unknown> => {
    switch (call.do) {
      case 'open': {
        amount = call.amount;
        visible = new Set(visibleOf(amount.conversations));
        await store.open();
        for (const counter of await store.readCounters()) counters.set(counter.conversationId, counter);
        totalUnread = [...counters.values()].reduce((sum, { unread }) => sum + unread, 0);
        for (const id of visible) changed.add(id);
        return tell();
      }
      case 'ingest':
        return ingest();
      case 'live': {
        const feed = new Feed(amount).skipBacklog();
        return paced(call.perSecond, call.seconds, (count) => write(feed.take(count, true)));
      }
      case 'coldStart':
        await store.open();
        return store.summary(call.limit);
      case 'countUnread':
        return store.countUnread();
      case 'openConversation':
        return store.newest(call.conversationId, call.limit, counters.get(call.conversationId)?.latestSeq ?? 0);
    }
  };
  self.onmessage = ({ data: { call, what } }: MessageEvent<{ readonly call: number; readonly what: StoreCall }>) => {
    answer(what).then(
      (value) => postMessage({ call, answer: value } satisfies StoreNews),
      (error: unknown) => postMessage({ call, error: String(error) } satisfies StoreNews),
    );
  };
};
