/** `easemob-websdk` alone: the app sends a channel ack when the user reads a message. This receipt names no message. */
import vendor from 'easemob-websdk';
import type { Contestant } from '../contestant.ts';

export let connection: InstanceType<typeof vendor.connection>;

/** The SDK gives up after a few attempts to connect: the app opens the connection again. */
export const connect = (server: string): void => {
  vendor.logger.disableAll();
  const url = `${server.replace(/^http/, 'ws')}/easemob`;
  connection = new vendor.connection({ appKey: 'org#app', url, isHttpDNS: false });
  const open = (): void => {
    if (!connection.isOpened()) connection.open({ user: 'alice', accessToken: 'token' }).catch(() => setTimeout(open, 1000));
  };
  connection.addEventHandler('app', { onDisconnected: () => setTimeout(open, 1000) });
  open();
};

export const isOpened = (): boolean => connection.isOpened();

export const contestant: Contestant = {
  start: connect,
  isConnected: isOpened,
  // Without a connection the SDK keeps the receipt in memory, and its promise stays open until a timeout.
  read: ({ conversation }) => {
    connection.send(vendor.message.create({ type: 'channel', chatType: 'singleChat', to: conversation })).catch(() => undefined);
    return Promise.resolve();
  },
};
