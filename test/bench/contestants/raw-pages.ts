/**
 * IndexedDB at its best: a batch is one journal record, and later each conversation's messages are pages of 128. The
 * counters are one snapshot record. This store shows the possible speed, and is no product: no merge, no deletion, no second tab.
 */
import type { FedMessage } from '../data/feed.ts';
import { committed, openDatabase, result } from '../page/idb.ts';
import { type Counter, type MessageStore, serveStore } from '../page/serve-store.ts';

const PER_PAGE = 128;
const PAGES_PER_SLICE = 64;

interface Snapshot {
  readonly counters: readonly Counter[];
  readonly totalUnread: number;
}

class RawPages implements MessageStore {
  private db!: IDBDatabase;
  /** Messages in the journal and not in pages yet. */
  private inJournal = new Map<string, FedMessage[]>();

  async open(): Promise<void> {
    this.db = await openDatabase('raw-pages', (db) => {
      db.createObjectStore('journal', { autoIncrement: true });
      db.createObjectStore('pages');
      db.createObjectStore('meta');
    });
  }

  async write(batch: readonly FedMessage[], touched: readonly Counter[], totalUnread: number): Promise<void> {
    const tx = this.db.transaction('journal', 'readwrite', { durability: 'relaxed' });
    tx.objectStore('journal').put({ text: JSON.stringify(batch), touched, totalUnread });
    for (const message of batch) {
      const list = this.inJournal.get(message.conversationId);
      if (list) list.push(message);
      else this.inJournal.set(message.conversationId, [message]);
    }
    await committed(tx);
  }

  async writeCounters(counters: Iterable<Counter>, totalUnread: number): Promise<void> {
    const tx = this.db.transaction('meta', 'readwrite', { durability: 'relaxed' });
    tx.objectStore('meta').put({ counters: [...counters], totalUnread } satisfies Snapshot, 'snapshot');
    await committed(tx);
  }

  /** Moves the journal into pages, in slices, so no transaction is long. */
  async settle(): Promise<void> {
    const pages = [...this.inJournal].flatMap(([id, list]) =>
      Array.from({ length: Math.ceil(list.length / PER_PAGE) }, (_, n) => [id, list.slice(n * PER_PAGE, (n + 1) * PER_PAGE)] as const),
    );
    this.inJournal.clear();
    for (let at = 0; at < pages.length; at += PAGES_PER_SLICE) {
      const tx = this.db.transaction('pages', 'readwrite', { durability: 'relaxed' });
      for (const [id, list] of pages.slice(at, at + PAGES_PER_SLICE)) tx.objectStore('pages').put(JSON.stringify(list), [id, list[0]!.seq]);
      await committed(tx);
    }
    const tx = this.db.transaction('journal', 'readwrite', { durability: 'relaxed' });
    tx.objectStore('journal').clear();
    await committed(tx);
  }

  private snapshot(): Promise<Snapshot | undefined> {
    return result(this.db.transaction('meta').objectStore('meta').get('snapshot'));
  }

  async readCounters(): Promise<readonly Counter[]> {
    return (await this.snapshot())?.counters ?? [];
  }

  async summary(limit: number): Promise<{ total: number; newest: string[] }> {
    const { counters, totalUnread } = (await this.snapshot())!;
    const newest = [...counters].sort((a, b) => b.latestAt - a.latestAt).slice(0, limit);
    return { total: totalUnread, newest: newest.map(({ conversationId }) => conversationId) };
  }

  async countUnread(): Promise<number> {
    return (await this.snapshot())!.totalUnread;
  }

  async newest(conversationId: string, limit: number, latestSeq: number): Promise<number[]> {
    const from = Math.max(1, latestSeq - limit - PER_PAGE + 2);
    const range = IDBKeyRange.bound([conversationId, from], [conversationId, latestSeq]);
    const texts = await result<string[]>(this.db.transaction('pages').objectStore('pages').getAll(range));
    const stored = texts.flatMap((text) => JSON.parse(text) as FedMessage[]);
    return [...stored, ...(this.inJournal.get(conversationId) ?? [])].slice(-limit).map(({ seq }) => seq);
  }
}

serveStore(new RawPages());
