/** IndexedDB alone, a row for each message: the minimum of a store of rows. No library, no index. */
import type { FedMessage } from '../data/feed.ts';
import { committed, openDatabase, result } from '../page/idb.ts';
import { type Counter, type MessageStore, serveStore } from '../page/serve-store.ts';

class RawRows implements MessageStore {
  private db!: IDBDatabase;

  async open(): Promise<void> {
    this.db = await openDatabase('raw-rows', (db) => {
      db.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
      db.createObjectStore('counters', { keyPath: 'conversationId' });
    });
  }

  async write(batch: readonly FedMessage[]): Promise<void> {
    const tx = this.db.transaction('messages', 'readwrite', { durability: 'relaxed' });
    const rows = tx.objectStore('messages');
    for (const message of batch) rows.put(message);
    await committed(tx);
  }

  async writeCounters(counters: Iterable<Counter>): Promise<void> {
    const tx = this.db.transaction('counters', 'readwrite');
    const rows = tx.objectStore('counters');
    for (const counter of counters) rows.put(counter);
    await committed(tx);
  }

  readCounters(): Promise<Counter[]> {
    return result(this.db.transaction('counters').objectStore('counters').getAll());
  }

  async summary(limit: number): Promise<{ total: number; newest: string[] }> {
    const all = await this.readCounters();
    const newest = all.sort((a, b) => b.latestAt - a.latestAt).slice(0, limit);
    return { total: all.reduce((sum, { unread }) => sum + unread, 0), newest: newest.map(({ conversationId }) => conversationId) };
  }

  async countUnread(): Promise<number> {
    return (await this.readCounters()).reduce((sum, { unread }) => sum + unread, 0);
  }

  async newest(conversationId: string, limit: number, latestSeq: number): Promise<number[]> {
    const range = IDBKeyRange.bound([conversationId, latestSeq - limit + 1], [conversationId, latestSeq]);
    const rows = await result<FedMessage[]>(this.db.transaction('messages').objectStore('messages').getAll(range));
    return rows.map(({ seq }) => seq);
  }
}

serveStore(new RawRows());
