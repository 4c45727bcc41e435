/**
 * Dexie as its guides show it: on the page, `liveQuery` counts the unread messages, once for the total and
 * once for each visible conversation.
 */
import { Dexie, liveQuery, type Table } from 'dexie';
import { Feed, type FedMessage, ME, visibleOf } from '../data/feed.ts';
import type { Contestant, Screen, Setting, Summary } from '../page/contestant.ts';
import { ingestOnPage } from '../page/ingest-on-page.ts';
import { paced } from '../page/pacing.ts';

type Row = FedMessage & { readonly unread: 0 | 1 };

const db = new Dexie('dexie-live', { chromeTransactionDurability: 'relaxed' });
db.version(1).stores({
  messages: 'id, [conversationId+seq], unread, [conversationId+unread]',
  conversations: 'conversationId, latestAt',
});
const messages: Table<Row, string> = db.table('messages');
const conversations: Table<{ readonly conversationId: string; readonly latestAt: number }, string> = db.table('conversations');

const totalUnread = (): Promise<number> => messages.where('unread').equals(1).count();
const unreadOf = (id: string): Promise<number> => messages.where('[conversationId+unread]').equals([id, 1]).count();

const write = (batch: readonly FedMessage[]): Promise<void> =>
  db.transaction('rw', messages, conversations, async () => {
    await messages.bulkAdd(batch.map((message) => ({ ...message, unread: message.senderId === ME ? 0 : 1 })));
    const latest = new Map(batch.map(({ conversationId, sentAt }) => [conversationId, { conversationId, latestAt: sentAt }]));
    await conversations.bulkPut([...latest.values()]);
  });

let setting: Setting;

export const contestant: Contestant = {
  open: async (given: Setting, screen: Screen) => {
    setting = given;
    await db.open();
    liveQuery(totalUnread).subscribe((count) => screen.total(count));
    for (const id of visibleOf(given.conversations)) liveQuery(() => unreadOf(id)).subscribe((count) => screen.count(id, count));
  },
  ingest: () => ingestOnPage(setting, write),
  live: (perSecond, seconds) => {
    const feed = new Feed(setting).skipBacklog();
    return paced(perSecond, seconds, (count) => write(feed.take(count, true)));
  },
  coldStart: async (): Promise<Summary> => {
    const newest = (await conversations.orderBy('latestAt').reverse().limit(50).toArray()).map(({ conversationId }) => conversationId);
    const [total] = await Promise.all([totalUnread(), ...newest.map(unreadOf)]);
    return { total, newest };
  },
  countUnread: totalUnread,
  openConversation: async (id, limit) => {
    const all = messages.where('[conversationId+seq]').between([id, 0], [id, Infinity]);
    return (await all.reverse().limit(limit).toArray()).map(({ seq }) => seq).reverse();
  },
};
