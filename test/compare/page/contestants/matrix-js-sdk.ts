/** `matrix-js-sdk` alone: the app sends a receipt and the read marker when the user reads a message. */
import { createClient, type MatrixClient } from 'matrix-js-sdk';
import type { Contestant } from '../contestant.ts';

export let client: MatrixClient;

export const connect = (server: string): Promise<void> => {
  client = createClient({ baseUrl: server, accessToken: 'token', userId: '@alice:test', fetchFn: (...args) => fetch(...args) });
  return client.startClient();
};

export const isSyncing = (): boolean => ['SYNCING', 'PREPARED'].includes(client.getSyncState() ?? '');

export const contestant: Contestant = {
  start: connect,
  isConnected: isSyncing,
  read: ({ conversation, id }) => client.setRoomReadMarkersHttpRequest(conversation, id, id),
};
