/** RxDB with its free storage over Dexie: on the page, `count().$` for the total and for each visible conversation. */
import { createRxDatabase, type RxCollection } from 'rxdb/plugins/core';
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie';
import { Feed, type FedMessage, ME, type Target, visibleOf } from '../data/feed.ts';
import type { Contestant, Screen, Setting, Summary } from '../page/contestant.ts';
import { ingestOnPage } from '../page/ingest-on-page.ts';
import { paced } from '../page/pacing.ts';

type Row = FedMessage & { readonly unread: number };
type Receipt = Target & { readonly queuedAt: number };

const text = (maxLength: number) => ({ type: 'string', maxLength }) as const;
const whole = (maximum: number) => ({ type: 'number', minimum: 0, maximum, multipleOf: 1 }) as const;

const MESSAGES = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: text(40),
    conversationId: text(40),
    seq: whole(10_000_000),
    senderId: text(40),
    sentAt: whole(10_000_000_000_000),
    body: { type: 'string' },
    unread: whole(1),
  },
  required: ['id', 'conversationId', 'seq', 'senderId', 'sentAt', 'body', 'unread'],
  indexes: ['unread', ['conversationId', 'unread'], ['conversationId', 'seq']],
} as const;
const CONVERSATIONS = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: { id: text(40), latestAt: whole(10_000_000_000_000) },
  required: ['id', 'latestAt'],
  indexes: ['latestAt'],
} as const;
const RECEIPTS = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: { id: text(40), conversationId: text(40), queuedAt: whole(10_000_000_000_000) },
  required: ['id', 'conversationId', 'queuedAt'],
} as const;

interface Collections {
  readonly messages: RxCollection<Row>;
  readonly conversations: RxCollection<{ readonly id: string; readonly latestAt: number }>;
  readonly receipts: RxCollection<Receipt>;
}

let opening: Promise<Collections> | undefined;
const collections = (): Promise<Collections> =>
  (opening ??= (async () => {
    const db = await createRxDatabase({ name: 'bench', storage: getRxStorageDexie(), multiInstance: false });
    const made = await db.addCollections({
      messages: { schema: MESSAGES },
      conversations: { schema: CONVERSATIONS },
      receipts: { schema: RECEIPTS },
    });
    return made as Collections;
  })());

const unreadOf = ({ messages }: Collections, conversationId?: string) =>
  messages.count({ selector: conversationId === undefined ? { unread: 1 } : { conversationId, unread: 1 } });

const write = async (batch: readonly FedMessage[]): Promise<void> => {
  const { messages, conversations } = await collections();
  const { error } = await messages.bulkInsert(batch.map((message) => ({ ...message, unread: message.senderId === ME ? 0 : 1 })));
  if (error.length > 0) throw new Error(`RxDB refused ${error.length} messages`);
  const latest = new Map(batch.map(({ conversationId, sentAt }) => [conversationId, { id: conversationId, latestAt: sentAt }]));
  await conversations.bulkUpsert([...latest.values()]);
};

let setting: Setting;

export const contestant: Contestant = {
  open: async (given: Setting, screen: Screen) => {
    setting = given;
    const all = await collections();
    unreadOf(all).$.subscribe((count) => screen.total(count));
    for (const id of visibleOf(given.conversations)) unreadOf(all, id).$.subscribe((count) => screen.count(id, count));
  },
  ingest: () => ingestOnPage(setting, write),
  live: (perSecond, seconds) => {
    const feed = new Feed(setting).skipBacklog();
    return paced(perSecond, seconds, (count) => write(feed.take(count, true)));
  },
  coldStart: async (): Promise<Summary> => {
    const all = await collections();
    const rows = await all.conversations.find({ selector: {}, sort: [{ latestAt: 'desc' }], limit: 50 }).exec();
    const newest = rows.map(({ id }) => id);
    const [total] = await Promise.all([unreadOf(all).exec(), ...newest.map((id) => unreadOf(all, id).exec())]);
    return { total, newest };
  },
  countUnread: async () => unreadOf(await collections()).exec(),
  openConversation: async (conversationId, limit) => {
    const { messages } = await collections();
    const found = await messages.find({ selector: { conversationId }, sort: [{ conversationId: 'desc' }, { seq: 'desc' }], limit }).exec();
    return found.map(({ seq }) => seq).reverse();
  },
  goOffline: async () => void (await collections()),
  queueReceipt: async (target) => {
    const { receipts } = await collections();
    await receipts.insert({ ...target, queuedAt: Date.now() });
  },
};
