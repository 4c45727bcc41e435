/**
 * The worker's side of streams. Values emitted in one turn travel as one message. If the page falls behind, the worker
 * stops posting after a few messages. A state stream then keeps only its newest value, the event stream its newest
 * thousand events (F42).
 */
import type { Topic, Watcher } from '../model/api/topic.ts';
import type { Cancel } from '../ports/ports.ts';
import type { StreamNews, StreamRequest } from './worker-api.ts';

/** The maximum number of messages that the page has not handed on yet. */
const MAX_UNSHOWN_MESSAGES = 4;
const MAX_WAITING_EVENTS = 1000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;

export interface ServedStreams {
  /**
   * Posts the values emitted so far, or leaves them for the next message if the page is behind.
   *
   * @returns the number of value messages up to and including the message with these values.
   */
  flush(): number;
  end(): void;
  /** The number of open subscriptions, for tests of leaks. */
  readonly size: number;
}

export const serveStreams = (port: MessagePort, watch: (topic: Topic, watcher: Watcher<unknown>) => Cancel): ServedStreams => {
  const open = new Map<number, Cancel>();
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
    // All waiting values go with the next message, including older ones: an answer may wait for them.
    if (posted - shown >= MAX_UNSHOWN_MESSAGES) return posted + 1;
    postValues();
    return posted;
  };
  const emit = (id: number, { of }: Topic, value: unknown): void => {
    if (of !== 'events') states.set(id, value);
    else if (events.push([id, value]) > MAX_WAITING_EVENTS) events.shift();
    if (isFlushDue) return;
    isFlushDue = true;
    queueMicrotask(() => {
      isFlushDue = false;
      flush();
    });
  };
  /** Watches again after a failure, with growing delays. The page then receives the current state (F45). */
  const follow = (id: number, topic: Topic): Cancel => {
    let failures = 0;
    let again: ReturnType<typeof setTimeout> | undefined;
    let stop: Cancel = () => undefined;
    const begin = (): void => {
      stop = watch(topic, {
        next(value) {
          failures = 0;
          emit(id, topic, value);
        },
        failed() {
          again = setTimeout(begin, Math.min(FIRST_RETRY_MS * 2 ** failures++, MAX_RETRY_MS));
        },
        ended: () => undefined,
      });
    };
    begin();
    return () => {
      clearTimeout(again);
      stop();
    };
  };
  port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    if ('shown' in data) {
      shown = data.shown;
      flush();
    } else if ('unwatch' in data) {
      open.get(data.unwatch)?.();
      open.delete(data.unwatch);
    } else {
      const { watch: id, topic } = data;
      open.set(id, follow(id, topic));
    }
  };
  return {
    flush,
    end() {
      for (const stop of open.values()) stop();
      open.clear();
      if (states.size + events.length > 0) postValues();
      post({ done: true });
    },
    get size() {
      return open.size;
    },
  };
};
