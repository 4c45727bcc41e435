/**
 * `@amityco/ts-sdk` alone: the app marks each message as read when the user reads the message. The SDK sends receipts by HTTP. Its real-time
 * events by MQTT are turned off.
 */
import { Client, type Message, MessageRepository } from '@amityco/ts-sdk';
import { type Contestant, CONVERSATIONS, PER_CONVERSATION } from '../contestant.ts';

export let client: ReturnType<typeof Client.createClient>;

const RETRY_MS = 1000;
const sleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS));
let isLoggedIn = false;

export const connect = async (server: string): Promise<void> => {
  client = Client.createClient('key-of-the-app', 'sg', { apiEndpoint: { http: server }, rteEnabled: false });
  Client.enableUnreadCount();
  const session = { sessionWillRenewAccessToken: () => undefined };
  while (!isLoggedIn)
    isLoggedIn = await Client.login({ userId: 'alice' }, session, { disableRTE: true }).catch(() => sleep().then(() => false));
};

export const isConnected = (): boolean => isLoggedIn && navigator.onLine;

/** The SDK marks messages that it has loaded. */
const messages = new Map<string, Message>();
const load = (subChannelId: string): void => {
  MessageRepository.getMessages({ subChannelId, limit: PER_CONVERSATION }, ({ data }) => {
    for (const message of data) messages.set(message.messageId, message);
  });
};

export const contestant: Contestant = {
  start: async (server) => {
    await connect(server);
    CONVERSATIONS.forEach(load);
  },
  isConnected: () => isConnected() && messages.size === CONVERSATIONS.length * PER_CONVERSATION,
  read: ({ conversation, id }) => Promise.resolve(messages.get(`${conversation}/${id}`)!.markRead()),
};
