/**
 * `tidemark/outbox/stream-chat`: receipts through `stream-chat`. Stream knows the channel's read position alone, so every call moves the
 * position.
 */
import type { OutboxOptions } from '../api.ts';
import type { PendingReceipts } from '../pending.ts';
import { ReceiptDelayed, ReceiptRefused } from '../sender.ts';
import { connectedBy } from './connected.ts';

interface StreamError {
  readonly status?: number;
  readonly response?: { readonly status?: number; readonly headers?: unknown };
}

/** The part of `StreamChat` that the adapter calls. The vendor documents the members. */
export interface StreamClient {
  readonly baseURL?: string;
  readonly wsConnection: { readonly isHealthy: boolean } | null;
  /** The SDK's long polling, where the browser reaches no WebSocket. */
  readonly wsFallback?: { isHealthy(): boolean };
  post(url: string, data?: object): Promise<unknown>;
  on(event: 'connection.changed', listener: (event: { readonly online?: boolean }) => void): { unsubscribe(): void };
}

/** No later attempt helps after these statuses: the channel is gone, or this user may not read the channel. */
const REFUSED: ReadonlySet<unknown> = new Set([400, 403, 404]);
const PAUSE_MS = 10_000;

const statusOf = (error: unknown): number | undefined => {
  const { status, response } = (error ?? {}) as StreamError;
  return response?.status ?? status;
};

/** The newest message of a conversation's receipts. Without a place, a message read later in time counts as newer. */
const newestOf = ({ messages, readUpTo, cleared }: PendingReceipts): string | undefined => {
  if (cleared === 'whole') return undefined;
  const places = [readUpTo, cleared].filter((place) => place !== null);
  const [first] = [...places, ...messages.map(({ id, order = -Infinity }) => ({ id, order })).reverse()].sort((a, b) => b.order - a.order);
  return first?.id;
};

/**
 * The conversation id of the outbox is the SDK's `cid`, for example `messaging:general`. The adapter posts to the channel itself: after a
 * restart `channel.markRead()` throws until the app has loaded the channel, and resolves without a request where it believes that the
 * channel has no receipts.
 */
export const streamOutbox = (client: StreamClient): Pick<OutboxOptions, 'send' | 'connected' | 'conversationCoversMessages'> => ({
  conversationCoversMessages: true,
  async send(receipts) {
    const [, type, id] = /^([^:]+):([^]+)$/.exec(receipts.conversation) ?? [];
    if (!type || !id) throw new ReceiptRefused('not-a-cid');
    const newest = newestOf(receipts);
    const url = `${client.baseURL}/channels/${encodeURIComponent(type)}/${encodeURIComponent(id)}/read`;
    try {
      await client.post(url, newest === undefined ? {} : { message_id: newest });
    } catch (error) {
      const status = statusOf(error);
      if (REFUSED.has(status)) throw new ReceiptRefused(String(status));
      if (status === 429) throw new ReceiptDelayed(PAUSE_MS);
      throw error;
    }
  },
  connected: connectedBy(
    () => Boolean(client.wsConnection?.isHealthy || client.wsFallback?.isHealthy()),
    (next) => {
      const subscription = client.on('connection.changed', ({ online }) => next(online === true));
      return () => subscription.unsubscribe();
    },
  ),
});
