/** One account on this page: a client of the library, as any app would make it. */
import { createReceiptClient, type ReceiptClient, type UserId } from 'tidemark';
import { fetchToken } from './dev-server.ts';

/** An installed app has one icon: the story is Bob's, and so is its number. */
const ON_THE_ICON: UserId = 'bob';

export const openAccount = (userId: UserId): ReceiptClient =>
  createReceiptClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/receipts`,
    userId,
    getToken: () => fetchToken(userId),
    appBadge: userId === ON_THE_ICON,
  });
