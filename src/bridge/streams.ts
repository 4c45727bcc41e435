/** Observables across threads: a subscription is a number, values cross in batches, unsubscribing reaches the worker. */
import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { StreamNews, StreamRequest } from './worker-api.ts';

export interface ServedStreams {
  /** Posts what was emitted so far. @returns how many messages of values were posted in all. */
  flush(): number;
  end(): void;
}

/** The worker's side: what is emitted in one turn crosses as one message. */
export const serveStreams = (port: MessagePort, watch: (topic: Topic) => Observable<unknown>): ServedStreams => {
  const open = new Map<number, Subscription>();
  let values: [number, unknown][] = [];
  let posted = 0;
  const post = (news: StreamNews): void => port.postMessage(news);
  const emit = (id: number, value: unknown): void => {
    values.push([id, value]);
    if (values.length > 1) return;
    queueMicrotask(flush);
  };
  const flush = (): number => {
    if (values.length > 0) {
      posted++;
      post({ values });
      values = [];
    }
    return posted;
  };
  port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    if ('unwatch' in data) {
      open.get(data.unwatch)?.unsubscribe();
      open.delete(data.unwatch);
      return;
    }
    open.set(
      data.watch,
      watch(data.topic).subscribe((value) => emit(data.watch, value)),
    );
  };
  return {
    flush,
    end() {
      for (const subscription of open.values()) subscription.unsubscribe();
      open.clear();
      flush();
      post({ done: true });
    },
  };
};

/** The page's side. One crossing per topic, however many subscribe (see the client). */
export class StreamPort {
  private lastId = 0;
  private ended = false;
  private received = 0;
  private waiting: { readonly upTo: number; readonly done: () => void }[] = [];
  private readonly subscribers = new Map<number, Subscriber<unknown>>();
  private tellEnd: () => void = () => undefined;
  /** Resolves when the worker says that all is over, or the page. */
  readonly over = new Promise<void>((resolve) => (this.tellEnd = resolve));

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<StreamNews>) => {
      if ('done' in data) {
        this.end();
        return;
      }
      for (const [id, value] of data.values) this.subscribers.get(id)?.next(value);
      this.received++;
      this.release();
    };
  }

  /** Calls `fn` once so many messages of values have been handed on: an answer is not given before the news it made (I-16). */
  after(messages: number, fn: () => void): void {
    if (this.ended || this.received >= messages) fn();
    else this.waiting.push({ upTo: messages, done: fn });
  }

  private release(): void {
    const due = this.waiting.filter(({ upTo }) => this.ended || upTo <= this.received);
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((one) => !due.includes(one));
    for (const { done } of due) done();
  }

  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return new Observable<TopicValue[T['of']]>((subscriber) => {
      if (this.ended) return subscriber.complete();
      const id = ++this.lastId;
      this.subscribers.set(id, subscriber);
      this.port.postMessage({ watch: id, topic } satisfies StreamRequest);
      return () => {
        if (this.subscribers.delete(id)) this.port.postMessage({ unwatch: id } satisfies StreamRequest);
      };
    });
  }

  get isOver(): boolean {
    return this.ended;
  }

  /** Open subscriptions: for tests that look for leaks. */
  get size(): number {
    return this.subscribers.size;
  }

  end(): void {
    this.ended = true;
    const open = [...this.subscribers.values()];
    this.subscribers.clear();
    for (const subscriber of open) subscriber.complete();
    this.port.close();
    this.release();
    this.tellEnd();
  }
}
