/** Tidemark as in an app: through its public entry point, against the real server on loopback. */
import { filter, firstValueFrom } from 'rxjs';
import { createReceiptClient, type ReceiptClient } from 'tidemark';
import { type Amount, ME, visibleOf } from '../data/feed.ts';
import type { Contestant, Setting, Summary } from '../page/contestant.ts';
import { tellServer } from '../page/rig.ts';

/** The time between two looks at the store: at least so long, and these parts of the time so far. A look reads the index of all stored messages. */
const LOOK = { leastMs: 10, leastPart: 0.005, mostPart: 0.3 };

let client: ReceiptClient;
let amount: Amount;
let missed = 0;

const start = ({ url }: Setting): ReceiptClient => (client = createReceiptClient({ url, userId: ME, getToken: () => ME }));

const isLive = (): Promise<unknown> => firstValueFrom(client.watchConnection().pipe(filter(({ state }) => state === 'live')));

/** Waits until the device stores so many messages. The looks become denser towards the end. */
const untilStored = async (messages: number, since: number): Promise<void> => {
  for (;;) {
    const { messages: stored } = await client.storage();
    if (stored >= messages) return;
    const soFarMs = performance.now() - since;
    const leftMs = (soFarMs / Math.max(1, stored)) * (messages - stored);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(LOOK.leastMs, soFarMs * LOOK.leastPart, Math.min(leftMs / 3, soFarMs * LOOK.mostPart))),
    );
  }
};

export const contestant: Contestant = {
  open: async (setting, screen) => {
    amount = setting;
    start(setting);
    client.watchTotalUnreadCount().subscribe((count) => screen.total(count));
    for (const id of visibleOf(setting.conversations)) client.watchUnreadCount(id).subscribe((count) => screen.count(id, count));
    await isLive();
  },
  /** The device is paused while the server receives the backlog: the device comes back after missing the whole backlog. */
  prepare: async () => {
    await client.pause();
    missed = (await tellServer<{ totalUnread: number }>('backlog', amount)).totalUnread;
  },
  ingest: async () => {
    const began = performance.now();
    const shown = firstValueFrom(client.watchTotalUnreadCount().pipe(filter((count) => count === missed))).then(
      () => performance.now() - began,
    );
    await client.resume();
    const totalMs = await shown;
    await untilStored(amount.messages, began);
    return { ms: performance.now() - began, totalMs };
  },
  live: async (perSecond, seconds) => (await tellServer<{ beganAt: number }>('live', { ...amount, perSecond, seconds })).beganAt,
  coldStart: async (setting): Promise<Summary> => {
    start(setting);
    const worker = firstValueFrom(client.watchConnection()).then(() => performance.now());
    const [total, newest] = await Promise.all([
      firstValueFrom(client.watchTotalUnreadCount()),
      firstValueFrom(client.watchConversations({ limit: 50 })),
    ]);
    const paintMs = performance.now();
    // The worker reports the connection: by then the worker has opened the store and restored the state.
    return { total, newest: newest.map(({ id }) => id), times: { ms: paintMs, workerMs: await worker } };
  },
  countUnread: () => firstValueFrom(client.watchTotalUnreadCount()),
  openConversation: async (id, limit, latestSeq = 0) => {
    const conversationId = id as `direct:${string}`;
    const shown = client.watchMessages(conversationId, { limit });
    const isWhole = (seqs: readonly (number | null)[]): boolean =>
      latestSeq === 0 ? seqs.length > 0 : seqs.at(-1) === latestSeq && seqs.length === Math.min(limit, latestSeq);
    const list = await firstValueFrom(shown.pipe(filter((messages) => isWhole(messages.map(({ seq }) => seq)))));
    return list.map(({ seq }) => seq ?? 0);
  },
  goOffline: async (setting) => {
    start(setting);
    await client.pause();
  },
  queueReceipt: async ({ conversationId, id }) => {
    const { queued } = await client.sendReadReceipts(conversationId as `direct:${string}`, [id]);
    if (queued[0] !== id) throw new Error(`${id} was not queued`);
  },
};
