/** `stream-chat` alone: the app marks a channel read when the user reads a message. */
import { StreamChat } from 'stream-chat';
import { type Contestant, CONVERSATIONS } from '../contestant.ts';

export const ME = 'alice';

/** A token without a signature: the stand-in checks none. */
const token = `e30.${btoa(JSON.stringify({ user_id: ME }))}.x`;

export let client: StreamChat;

/** The SDK gives a first connection up after 15 s, and leaves the next try to the app. */
export const connect = async (server: string): Promise<void> => {
  client = new StreamChat('key', { baseURL: server });
  const open = (): Promise<unknown> => client.connectUser({ id: ME }, token).catch(() => setTimeout(() => void open(), 1000));
  void open();
};

/** The app loads its channels as soon as it is connected: the SDK takes receipts of loaded channels only. */
const loaded = new Set<string>();
const load = async (): Promise<void> => {
  for (const conversation of CONVERSATIONS) {
    await client.channel('messaging', conversation).watch();
    loaded.add(conversation);
  }
};

export const contestant: Contestant = {
  start: async (server) => {
    await connect(server);
    client.on('connection.changed', ({ online }) => {
      if (online) load().catch(() => undefined);
    });
  },
  isConnected: () => client.wsConnection?.isHealthy === true && loaded.size === CONVERSATIONS.length,
  read: ({ conversation, id }) => client.channel('messaging', conversation).markRead({ message_id: id }),
};
