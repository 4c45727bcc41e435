/** Dexie in a careful app: in a worker, a row for each message with two indexes, and counters kept as rows in the same transaction. */
import { Dexie, type Table } from 'dexie';
import type { FedMessage } from '../data/feed.ts';
import { type Counter, type MessageStore, serveStore } from '../page/serve-store.ts';

type Row = FedMessage & { readonly unread: 0 | 1 };

class DexieRows implements MessageStore {
  private readonly db = new Dexie('dexie-worker', { chromeTransactionDurability: 'relaxed' });
  private messages!: Table<Row, string>;
  private counters!: Table<Counter, string>;
  private totals!: Table<{ readonly name: string; readonly totalUnread: number }, string>;

  async open(): Promise<void> {
    this.db.version(1).stores({ messages: 'id, [conversationId+seq], unread', counters: 'conversationId, latestAt', totals: 'name' });
    await this.db.open();
    this.messages = this.db.table('messages');
    this.counters = this.db.table('counters');
    this.totals = this.db.table('totals');
  }

  async write(batch: readonly FedMessage[], touched: readonly Counter[], totalUnread: number): Promise<void> {
    await this.db.transaction('rw', this.messages, this.counters, this.totals, async () => {
      await this.messages.bulkAdd(batch.map((message) => ({ ...message, unread: message.senderId === 'me' ? 0 : 1 })));
      await this.counters.bulkPut(touched);
      await this.totals.put({ name: 'unread', totalUnread });
    });
  }

  async writeCounters(): Promise<void> {}

  readCounters(): Promise<Counter[]> {
    return this.counters.toArray();
  }

  async summary(limit: number): Promise<{ total: number; newest: string[] }> {
    const [total, newest] = await Promise.all([
      this.totals.get('unread'),
      this.counters.orderBy('latestAt').reverse().limit(limit).toArray(),
    ]);
    return { total: total!.totalUnread, newest: newest.map(({ conversationId }) => conversationId) };
  }

  async countUnread(): Promise<number> {
    return (await this.totals.get('unread'))!.totalUnread;
  }

  async newest(conversationId: string, limit: number): Promise<number[]> {
    const all = this.messages.where('[conversationId+seq]').between([conversationId, 0], [conversationId, Infinity]);
    return (await all.reverse().limit(limit).toArray()).map(({ seq }) => seq).reverse();
  }
}

serveStore(new DexieRows());
