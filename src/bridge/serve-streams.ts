/**
 * The worker's side of streams. Values emitted in one turn travel as one message. If the page falls behind, the worker
 * stops posting after a few messages. A state stream then keeps only its newest value, the event stream its newest
 * thousand events (F42).
 */
import { type Observable, Subscription } from 'rxjs';
import type { Topic } from '../model/topic.ts';
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
  /** Subscribes again after an error, with growing delays. The page then receives the current state (F45). */
  const follow = (id: number, topic: Topic, subscription: Subscription, failures = 0): void => {
    const one = watch(topic).subscribe({
      next(value) {
        failures = 0;
        emit(id, topic, value);
      },
      error() {
        const again = setTimeout(
          () => follow(id, topic, subscription, failures + 1),
          Math.min(FIRST_RETRY_MS * 2 ** failures, MAX_RETRY_MS),
        );
        subscription.add(() => clearTimeout(again));
      },
    });
    subscription.add(one);
  };
  port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    if ('shown' in data) {
      shown = data.shown;
      flush();
    } else if ('unwatch' in data) {
      open.get(data.unwatch)?.unsubscribe();
      open.delete(data.unwatch);
    } else {
      const { watch: id, topic } = data;
      const subscription = new Subscription();
      open.set(id, subscription);
      follow(id, topic, subscription);
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
