/** The page's side of streams: a subscription is a number. Subscriptions outlive workers: each new one is asked for all that is open. */
import { Observable, type Subscriber } from 'rxjs';
import type { NumberedEvent } from '../model/event.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { StreamNews, StreamRequest } from './worker-api.ts';

interface Open {
  readonly subscriber: Subscriber<unknown>;
  /** What to ask of the next worker. */
  topic: Topic;
}

/** One crossing per topic, however many subscribe (see the client). */
export class StreamPort {
  private port: MessagePort | null = null;
  private lastId = 0;
  private ended = false;
  /** Messages of values handed on, of this worker's. */
  private received = 0;
  private waiting: { readonly upTo: number; readonly done: () => void }[] = [];
  private readonly open = new Map<number, Open>();
  private tellEnd: () => void = () => undefined;
  /** Resolves when the worker says that all is over, or the page. */
  readonly over = new Promise<void>((resolve) => (this.tellEnd = resolve));

  /** @param port a worker's, where there is one already. */
  constructor(port?: MessagePort) {
    if (port) this.attach(port);
  }

  /** A worker, which is asked for everything that is open. */
  attach(port: MessagePort): void {
    this.detach();
    if (this.ended) return port.close();
    this.port = port;
    this.received = 0;
    port.onmessage = ({ data }: MessageEvent<StreamNews>) => {
      if ('done' in data) this.end();
      else if (this.port === port) this.handOn(data.values);
    };
    for (const [id, { topic }] of this.open) this.ask({ watch: id, topic });
  }

  /** The worker is gone. Streams wait for the next one, with the values they have. */
  detach(): void {
    this.port?.close();
    this.port = null;
    this.received = Infinity;
    this.release();
  }

  private ask(request: StreamRequest): void {
    this.port?.postMessage(request);
  }

  private handOn(values: readonly (readonly [id: number, value: unknown])[]): void {
    for (const [id, value] of values) {
      const one = this.open.get(id);
      // Heard once: the worker that comes next begins behind it.
      if (one?.topic.of === 'events') one.topic = { of: 'events', after: (value as NumberedEvent).number };
      one?.subscriber.next(value);
    }
    this.received++;
    this.ask({ shown: this.received });
    this.release();
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
      this.open.set(id, { topic, subscriber });
      this.ask({ watch: id, topic });
      return () => {
        if (this.open.delete(id)) this.ask({ unwatch: id });
      };
    });
  }

  get isOver(): boolean {
    return this.ended;
  }

  /** Open subscriptions: for tests that look for leaks. */
  get size(): number {
    return this.open.size;
  }

  end(): void {
    this.ended = true;
    const open = [...this.open.values()];
    this.open.clear();
    for (const { subscriber } of open) subscriber.complete();
    this.detach();
    this.tellEnd();
  }
}
