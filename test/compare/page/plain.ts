/** The app's own endpoint for receipts, for contestants that are queues. */
import type { Connected } from '../../../src/outbox/api.ts';

let server: string;

export const startPlain = (url: string): void => {
  server = url;
};

export const receiptsUrl = (): string => `${server}/receipts`;

export const isOnline = (): boolean => navigator.onLine;

export const onlineChanges: Connected = {
  subscribe(next) {
    const tell = (): void => next(navigator.onLine);
    for (const event of ['online', 'offline']) addEventListener(event, tell);
    tell();
    return {
      unsubscribe: () => {
        for (const event of ['online', 'offline']) removeEventListener(event, tell);
      },
    };
  },
};

/** @throws {Error} if the server did not take the receipts. */
export const post = async (receipts: readonly { readonly conversation: string; readonly messages: readonly string[] }[]): Promise<void> => {
  const response = await fetch(receiptsUrl(), { method: 'POST', body: JSON.stringify({ receipts }) });
  if (!response.ok) throw new Error(`status ${response.status}`);
};
