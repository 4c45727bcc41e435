/**
 * The worker's side of streams: what is emitted in one turn crosses as one message. A page that does not keep up is sent no more than it
 * can be behind; of states it then gets the newest, of events the newest thousand (F42).
 */
import { type Observable, retry, type Subscription, timer } from 'rxjs';
import type { Topic } from '../model/topic.ts';
import type { StreamNews, StreamRequest } from './worker-api.ts';

/** Messages on their way to a page that has not handed them on yet. */
const MAX_AHEAD = 4;
const MAX_EVENTS_HELD = 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

export interface ServedStreams {
  /** Posts what was emitted so far, as soon as the page keeps up. @returns how many messages of values come before what is posted next. */
  flush(): number;
  end(): void;
  /** Open subscriptions: for tests that look for leaks. */
  readonly size: number;
}

export const serveStreams = (port: MessagePort, watch: (topic: Topic) => Observable<unknown>): ServedStreams => {
  const open = new Map<number, Subscription>();
  const states = new Map<number, unknown>();
  let events: (readonly [id: number, event: unknown])[] = [];
  let posted = 0;
  let shown = 0;
  let isFlushDue = false;
  const post = (news: StreamNews): void => port.postMessage(news);
  const postValues = (): void => {
    const values = [...states, ...events];
    states.clear();
    events = [];
    posted++;
    post({ values });
  };
  const flush = (): number => {
    if (states.size + events.length === 0) return posted;
    // What is held goes with the next message, all of it; also what was given back meanwhile, since an answer may be waiting for it.
    if (posted - shown >= MAX_AHEAD) return posted + 1;
    postValues();
    return posted;
  };
  const emit = (id: number, { of }: Topic, value: unknown): void => {
    if (of !== 'events') states.set(id, value);
    else if (events.push([id, value]) > MAX_EVENTS_HELD) events.shift();
    if (isFlushDue) return;
    isFlushDue = true;
    queueMicrotask(() => {
      isFlushDue = false;
      flush();
    });
  };
  /** A stream outlives what goes wrong in it: it is looked at afresh, and the page hears the state as it is then (F45). */
  const lasting = (topic: Topic): Observable<unknown> =>
    watch(topic).pipe(retry({ delay: (_, n) => timer(Math.min(FIRST_RETRY_MS * 2 ** (n - 1), LAST_RETRY_MS)), resetOnSuccess: true }));
  port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    if ('shown' in data) {
      shown = data.shown;
      flush();
    } else if ('unwatch' in data) {
      open.get(data.unwatch)?.unsubscribe();
      open.delete(data.unwatch);
    } else {
      const { watch: id, topic } = data;
      open.set(
        id,
        lasting(topic).subscribe((value) => emit(id, topic, value)),
      );
    }
  };
  return {
    flush,
    end() {
      for (const subscription of open.values()) subscription.unsubscribe();
      open.clear();
      if (states.size + events.length > 0) postValues();
      post({ done: true });
    },
    get size() {
      return open.size;
    },
  };
};
