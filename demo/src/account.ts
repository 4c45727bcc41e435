/** Creates the client of one account, as any app does. */
import { createReceiptClient, type ReceiptClient, type UserId } from 'tidemark';
import { fetchToken } from './dev-server.ts';

/** An installed app has one icon. It shows Bob's number, because the story is about Bob. */
const ON_THE_ICON: UserId = 'bob';

export const openAccount = (userId: UserId): ReceiptClient =>
  createReceiptClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/receipts`,
    userId,
    getToken: () => fetchToken(userId),
    appBadge: userId === ON_THE_ICON,
  });
