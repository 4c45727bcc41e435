/** The outbox of an account over given ports: stores the calls, lays pending receipts over the SDK's counts, and settles sent receipts. */
import { Observable } from 'rxjs';
import { UsageError } from '../errors.ts';
import { errorDetails, type Log, safeLog } from '../logging.ts';
import { backoffMs } from '../model/backoff.ts';
import type { Cancel } from '../ports/ports.ts';
import type { OutboxOptions, PendingCount, ReceiptOutbox } from './api.ts';
import { conversationOf, messagesOf, placeOf } from './arguments.ts';
import { Lead, type LeadPorts } from './lead.ts';
import type { Decide, OutboxStore, RecordWrite } from './outbox-store.ts';
import { type Call, countedUpTo, merge, onlyMessages, type PendingReceipts, type Place, shownCount, without } from './pending.ts';
import { deadKey, FENCE, type OutboxDeadLetter, pendingKey, Records, type Taken, takenKey } from './records.ts';
import { Sender, type Settled } from './sender.ts';

/** The ports of the outbox; the browser's by default. */
export interface OutboxPorts extends LeadPorts {
  readonly store: OutboxStore;
}

class Outbox implements ReceiptOutbox {
  private readonly records = new Records();
  private readonly sender: Sender;
  private readonly lead: Lead;
  private readonly log: Log;
  private readonly listeners = new Set<() => void>();
  private readonly ends: Cancel[] = [];
  private fence = 0;
  /** Number of local writes: a read of the store is repeated if a write overtook the read. */
  private writes = 0;
  private isLoaded = false;
  private isClosed = false;
  private reading: Promise<void> | null = null;
  private nextReading: Promise<void> | null = null;
  private readFailures = 0;
  private cancelReading: Cancel = () => undefined;

  constructor(
    private readonly options: OutboxOptions,
    private readonly ports: OutboxPorts,
  ) {
    this.log = safeLog(options.log);
    this.sender = new Sender(
      { ...ports, log: this.log },
      {
        pending: () => this.records.pending.values(),
        send: options.send,
        settle: (sent, settled) => this.settle(sent, settled),
        deposed: () => this.lead.deposed(),
      },
    );
    this.lead = new Lead(options.name, ports, {
      takeFence: () => this.takeFence(),
      leads: (fence) => {
        this.fence = fence;
        this.sender.leads(true);
      },
      lost: () => this.sender.leads(false),
    });
    this.ends.push(
      ports.bus.listen(({ type }) => {
        // A hint `changed` may be lost: the leader reads again for an asking tab, and a follower with each answer of the leader.
        if (type !== 'leads?' || this.sender.isLeading) void this.reload();
      }),
    );
    const subscription = options.connected.subscribe((isConnected) => this.sender.connected(isConnected));
    this.ends.push(() => subscription.unsubscribe());
    void this.reload();
    this.lead.start();
  }

  async read(conversation: string, messageIds: readonly (string | Place)[], options?: unknown): Promise<void> {
    await this.add(conversationOf(conversation), { messages: messagesOf(messageIds, options) });
  }

  async readConversation(conversation: string, options: { readonly upTo: Place }): Promise<void> {
    await this.add(conversationOf(conversation), { readUpTo: placeOf(options.upTo) });
  }

  async clear(conversation: string, options: { readonly upTo?: Place } = {}): Promise<void> {
    const { upTo } = options;
    await this.add(conversationOf(conversation), { cleared: upTo === undefined ? 'whole' : placeOf(upTo) });
  }

  shown(conversation: string, count: number, newest?: number): number {
    const { pending, taken } = this.records;
    return shownCount(pending.get(conversation), count, newest, taken.get(conversation)?.upTo ?? -Infinity);
  }

  watchPending(): Observable<PendingCount> {
    return this.watch(() => {
      const all = [...this.records.pending.values()];
      return {
        conversations: all.length,
        messages: all.flatMap((one) => one.messages).length,
        since: all.length === 0 ? null : Math.min(...all.map(({ since }) => since)),
      };
    });
  }

  watchDeadLetters(): Observable<readonly OutboxDeadLetter[]> {
    return this.watch(() => [...this.records.dead.values()].sort((a, b) => a.at - b.at));
  }

  async dismiss(id: string): Promise<void> {
    await this.write([], () => [[deadKey(id), undefined]]);
  }

  async flush(): Promise<{ readonly pending: number }> {
    this.checkOpen();
    await this.reload();
    await this.sender.flush();
    return { pending: this.records.pending.size };
  }

  async wipe(): Promise<void> {
    const keys = [...(await this.ports.store.all()).keys()].filter((key) => key !== FENCE);
    await this.write([], () => keys.map((key) => [key, undefined]));
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.cancelReading();
    this.sender.stop();
    this.lead.stop();
    for (const end of this.ends) end();
    this.ports.store.close();
  }

  private checkOpen(): void {
    if (this.isClosed) throw new UsageError('usage/closed', 'this outbox is closed; create another');
  }

  private async add(conversation: string, call: Call): Promise<void> {
    const key = pendingKey(conversation);
    await this.write([key], ([before]) => {
      const covers = this.options.conversationCoversMessages ?? false;
      const merged = merge(before as PendingReceipts | undefined, conversation, call, this.ports.clock.wall(), covers);
      return [[key, merged]];
    });
    this.lead.work();
  }

  private async write(keys: readonly string[], decide: Decide): Promise<void> {
    this.checkOpen();
    let written: readonly RecordWrite[] = [];
    await this.ports.store.change(keys, (records) => (written = decide(records)));
    this.writes++;
    for (const [key, record] of written) this.records.set(key, record);
    this.ports.bus.post({ type: 'changed' });
    this.changed();
  }

  /** Also reads the store: the new leader sends what other tabs have stored. A lead that is lost meanwhile never begins. */
  private async takeFence(): Promise<number> {
    let fence = 0;
    await this.ports.store.change([FENCE], ([before]) => {
      fence = ((before as number | undefined) ?? 0) + 1;
      return [[FENCE, fence]];
    });
    await this.reload();
    return fence;
  }

  /** @returns false if another tab leads. Then nothing is written, and the other tab sends the receipts again: the backend stays the same. */
  private async settle(sent: PendingReceipts, settled: Settled): Promise<boolean> {
    const { conversation } = sent;
    const keys = [FENCE, pendingKey(conversation), takenKey(conversation)];
    let isKept = true;
    await this.write(keys, ([fence, pending, taken]) => {
      isKept = fence === this.fence;
      const now = pending as PendingReceipts | undefined;
      // A log-out may have deleted the receipts meanwhile.
      if (!isKept || !now) return [];
      const at = this.ports.clock.wall();
      const named = settled.end === 'refused' && settled.messageIds ? onlyMessages(sent, new Set(settled.messageIds)) : sent;
      // A refusal without any of the sent messages refuses all messages.
      const ended = named.messages.length > 0 ? named : sent;
      const writes: RecordWrite[] = [[pendingKey(conversation), without(now, ended)]];
      if (settled.end === 'refused') {
        const id = this.ports.random.id();
        writes.push([deadKey(id), { id, receipts: ended, code: settled.code, at } satisfies OutboxDeadLetter]);
      } else if (countedUpTo(sent) > -Infinity) {
        const upTo = Math.max(countedUpTo(sent), (taken as Taken | undefined)?.upTo ?? -Infinity);
        writes.push([takenKey(conversation), { upTo, at } satisfies Taken]);
      }
      for (const key of this.records.surplus()) writes.push([key, undefined]);
      return writes;
    });
    return isKept;
  }

  /** Reads the store again: after a change of another tab, or when this tab begins to lead. A read under way may miss that change. */
  private reload(): Promise<void> {
    if (this.reading)
      return (this.nextReading ??= this.reading.then(() => {
        this.nextReading = null;
        return this.reload();
      }));
    this.reading = this.readStore().finally(() => (this.reading = null));
    return this.reading;
  }

  private async readStore(): Promise<void> {
    try {
      let writes: number;
      let records: ReadonlyMap<string, unknown>;
      do {
        writes = this.writes;
        records = await this.ports.store.all();
      } while (writes !== this.writes);
      this.records.load(records);
      this.isLoaded = true;
      this.readFailures = 0;
      this.changed();
    } catch (error) {
      if (this.isClosed) return;
      this.log('warn', 'outbox-unread', errorDetails(error));
      const { clock, random } = this.ports;
      this.cancelReading();
      this.cancelReading = clock.timer(backoffMs(this.readFailures++, random.next()), () => void this.reload());
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
    this.sender.run();
  }

  private watch<T>(derive: () => T): Observable<T> {
    return new Observable<T>((subscriber) => {
      let last: string | undefined;
      const tell = (): void => {
        if (!this.isLoaded) return;
        const value = derive();
        const text = JSON.stringify(value);
        if (text === last) return;
        last = text;
        subscriber.next(value);
      };
      this.listeners.add(tell);
      tell();
      return () => this.listeners.delete(tell);
    });
  }
}

/** The outbox over given ports, for tests and simulations. */
export const createOutboxOver = (options: OutboxOptions, ports: OutboxPorts): ReceiptOutbox => new Outbox(options, ports);
