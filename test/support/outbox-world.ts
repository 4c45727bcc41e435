/**
 * A world of its own for the outbox, in virtual time: tabs that die and freeze, a store that refuses, an SDK that is offline, loses answers,
 * refuses and hangs, and a backend that remembers what reached it.
 */
import { BehaviorSubject } from 'rxjs';
import { StoreError } from '../../src/errors.ts';
import type { OutboxHint } from '../../src/outbox/lead.ts';
import type { OutboxOptions, ReceiptOutbox } from '../../src/outbox/api.ts';
import { createOutboxOver } from '../../src/outbox/outbox-over-ports.ts';
import type { PendingReceipts } from '../../src/outbox/pending.ts';
import { ReceiptRefused } from '../../src/outbox/sender.ts';
import type { OutboxStore } from '../../src/outbox/outbox-store.ts';
import type { BusPort } from '../../src/ports/ports.ts';
import { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { VirtualLocks } from '../../src/testing/virtual-locks.ts';
import { VirtualTime } from '../../src/testing/virtual-time.ts';

/** What the backend does with a request. */
export type Answer = 'takes' | 'loses-request' | 'loses-answer' | 'fails' | 'hangs' | 'refuses';

export class Backend {
  readonly messages = new Map<string, Set<string>>();
  readonly readUpTo = new Map<string, number>();
  readonly clearedUpTo = new Map<string, number>();
  readonly requests: { readonly at: number; readonly tab: string; readonly receipts: PendingReceipts; readonly online: boolean }[] = [];

  take({ conversation, messages, readUpTo, cleared }: PendingReceipts): void {
    const ids = this.messages.get(conversation) ?? new Set();
    this.messages.set(conversation, ids);
    for (const { id } of messages) ids.add(id);
    const raise = (positions: Map<string, number>, order: number): void =>
      void positions.set(conversation, Math.max(positions.get(conversation) ?? -Infinity, order));
    if (readUpTo) raise(this.readUpTo, readUpTo.order);
    if (cleared) raise(this.clearedUpTo, cleared === 'whole' ? Infinity : cleared.order);
  }
}

export interface OutboxTab {
  readonly process: VirtualProcess;
  readonly outbox: ReceiptOutbox;
  /** Sets whether the SDK of this tab says that it is connected. */
  readonly connected: BehaviorSubject<boolean>;
}

export class OutboxWorld {
  readonly random: SeededRandom;
  readonly time: VirtualTime;
  readonly locks = new VirtualLocks();
  readonly backend = new Backend();
  readonly records = new Map<string, unknown>();
  readonly tabs: OutboxTab[] = [];
  isOnline = true;
  /** The chance that a transaction fails, and that a hint of the bus is lost. */
  storeTrouble = 0;
  /** The longest time of a transaction, and the longest time from its end to the tab. */
  storeMs = 5;
  busLoss = 0;
  /** Decides the answer to a request. */
  answer: (receipts: PendingReceipts) => Answer = () => 'takes';
  private opened = 0;
  private readonly listeners = new Map<VirtualProcess, Set<(hint: OutboxHint) => void>>();

  constructor(readonly seed: number) {
    this.random = new SeededRandom(String(seed));
    this.time = new VirtualTime(this.random.fork('time'));
  }

  open(more: Partial<OutboxOptions> = {}): OutboxTab {
    const process = new VirtualProcess(this.time, `tab${++this.opened}`);
    const connected = new BehaviorSubject(this.isOnline);
    const listeners = new Set<(hint: OutboxHint) => void>();
    this.listeners.set(process, listeners);
    const outbox = createOutboxOver(
      { name: 'alice', send: (receipts) => this.send(process, receipts), connected, log: () => undefined, ...more },
      {
        clock: process.clock,
        random: { next: () => this.random.next(), id: () => String(this.random.u32()) },
        locks: this.locks.port(process),
        bus: this.bus(process, listeners),
        store: this.store(process),
      },
    );
    const tab = { process, outbox, connected };
    this.tabs.push(tab);
    process.onEnd(() => {
      this.listeners.delete(process);
      this.tabs.splice(this.tabs.indexOf(tab), 1);
    });
    return tab;
  }

  /** The network goes, or comes back; each SDK tells it. */
  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    for (const { process, connected } of this.tabs)
      process.later(this.random.next() * 50, 'hears of the network', () => connected.next(this.isOnline));
  }

  private store(process: VirtualProcess): OutboxStore {
    const transaction = <T>(body: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        const isRefused = this.random.next() < this.storeTrouble;
        const ms = this.random.next() * this.storeMs;
        // A transaction that was begun commits below the tab, also if the tab freezes; it is lost if the tab dies before.
        process.below(ms, 'commits', () => {
          if (isRefused) return process.later(0, 'is refused', () => reject(new StoreError('store/unavailable', 'the disk is tired')));
          const result = body();
          return process.later(this.random.next() * this.storeMs, 'hears of the commit', () => resolve(result));
        });
      });
    const clone = (record: unknown): unknown => (record === undefined ? undefined : JSON.parse(JSON.stringify(record)));
    return {
      change: (keys, decide) =>
        transaction(() => {
          for (const [key, record] of decide(keys.map((key) => clone(this.records.get(key)))))
            if (record === undefined) this.records.delete(key);
            else this.records.set(key, clone(record));
        }),
      all: () => transaction(() => new Map([...this.records].map(([key, record]) => [key, clone(record)]))),
      close: () => undefined,
    };
  }

  private bus(process: VirtualProcess, own: Set<(hint: OutboxHint) => void>): BusPort<OutboxHint> {
    return {
      post: (hint) => {
        for (const [to, listeners] of this.listeners)
          if (to !== process && this.random.next() >= this.busLoss)
            to.later(this.random.next() * 3, `hears ${hint.type}`, () => {
              for (const listener of listeners) listener(hint);
            });
      },
      listen: (fn) => {
        own.add(fn);
        return () => own.delete(fn);
      },
    };
  }

  private send(process: VirtualProcess, receipts: PendingReceipts): Promise<void> {
    const { time, backend } = this;
    backend.requests.push({ at: time.now, tab: process.name, receipts, online: this.isOnline });
    return new Promise((resolve, reject) => {
      const answer = this.isOnline ? this.answer(receipts) : 'loses-request';
      const fail = (): void => void process.later(20, 'hears of the failure', () => reject(new Error('503')));
      time.schedule(10 + this.random.next() * 40, `the backend ${answer}`, () => {
        if (answer === 'takes' || answer === 'loses-answer' || answer === 'hangs') backend.take(receipts);
        if (answer === 'takes') process.later(20, 'hears the answer', resolve);
        else if (answer === 'refuses') process.later(20, 'hears the refusal', () => reject(new ReceiptRefused('403')));
        else if (answer !== 'hangs') fail();
      });
    });
  }
}
