/**
 * The page's side of streams. A number identifies a subscription. Subscriptions outlive workers: each new worker gets
 * all open ones.
 */
import { Observable, type Subscriber } from 'rxjs';
import type { NumberedEvent } from '../model/api/event.ts';
import type { Topic, TopicValue } from '../model/api/topic.ts';
import type { StreamNews, StreamRequest } from './worker-api.ts';

interface Open {
  readonly subscriber: Subscriber<unknown>;
  /** The topic to request from the next worker. */
  topic: Topic;
}

/** All streams of one client. The client opens one subscription per topic and shares it between its subscribers. */
export class StreamPort {
  private port: MessagePort | null = null;
  private lastId = 0;
  private ended = false;
  /** The number of value messages of the current worker that were handed on. */
  private received = 0;
  private waiting: { readonly upTo: number; readonly done: () => void }[] = [];
  private readonly open = new Map<number, Open>();
  private tellEnd: () => void = () => undefined;
  /** Resolves when the worker or the page has ended all streams. */
  readonly over = new Promise<void>((resolve) => (this.tellEnd = resolve));

  /** @param port the port of a worker that runs already. */
  constructor(port?: MessagePort) {
    if (port) this.attach(port);
  }

  /** Takes a new worker's port and requests every open subscription. */
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

  /** Drops the port of a dead worker. Streams keep their last values and wait for the next worker. */
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
      // Each event is delivered once: the next worker begins after this number.
      if (one?.topic.of === 'events') one.topic = { of: 'events', after: (value as NumberedEvent).number };
      one?.subscriber.next(value);
    }
    this.received++;
    this.ask({ shown: this.received });
    this.release();
  }

  /**
   * Calls `fn` after `messages` value messages have been handed on: a caller sees the news of its call before the
   * answer (I-16).
   */
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

  /** The number of open subscriptions, for tests of leaks. */
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
