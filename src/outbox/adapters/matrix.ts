/**
 * `tidemark/outbox/matrix`: receipts through `matrix-js-sdk`. `readConversation` sends the public read receipt and the read marker in a
 * single request, `clear` sends the private receipt alone. Other members do not see private receipts. A room has a single position for each
 * receipt, so receipts of single messages move the position.
 */
import type { OutboxOptions } from '../api.ts';
import type { PendingReceipts } from '../pending.ts';
import { ReceiptDelayed, ReceiptRefused } from '../sender.ts';
import { connectedBy } from './connected.ts';

interface MatrixError {
  readonly httpStatus?: number;
  readonly errcode?: string;
  readonly data?: { readonly retry_after_ms?: number };
}

/** The part of `MatrixClient` that the adapter calls. The vendor documents the members. */
export interface MatrixClient {
  getSyncState(): string | null;
  setRoomReadMarkersHttpRequest(roomId: string, fullyRead: string, publicReceipt?: string, privateReceipt?: string): Promise<unknown>;
  // Of the SDK's types, only its own enum of events fits here.
  on(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
}

const PAUSE_MS = 5000;

const isOnline = (state: string | null): boolean => state === 'PREPARED' || state === 'SYNCING' || state === 'CATCHUP';

const refusalOf = (error: unknown): unknown => {
  const { httpStatus, errcode, data } = (error ?? {}) as MatrixError;
  if (httpStatus === 429 || errcode === 'M_LIMIT_EXCEEDED') return new ReceiptDelayed(data?.retry_after_ms ?? PAUSE_MS);
  if (httpStatus === 400 || httpStatus === 403 || httpStatus === 404) return new ReceiptRefused(errcode ?? String(httpStatus));
  return error;
};

/** The conversation id of the outbox is the room's id, a message id is an event's id, and `order` is the event's `origin_server_ts`. */
export const matrixOutbox = (client: MatrixClient): Pick<OutboxOptions, 'send' | 'connected' | 'conversationCoversMessages'> => ({
  conversationCoversMessages: true,
  async send({ conversation, messages, readUpTo, cleared }: PendingReceipts) {
    const told = [...(readUpTo ? [readUpTo] : []), ...messages.map(({ id, order = 0 }) => ({ id, order })).reverse()].sort(
      (a, b) => b.order - a.order,
    )[0];
    // A room has no clear without a position.
    if (!told && cleared === 'whole') throw new ReceiptRefused('clear-needs-up-to');
    const own = cleared && cleared !== 'whole' && (!told || cleared.order > told.order) ? cleared : undefined;
    const marker = (own ?? told)!.id;
    try {
      await client.setRoomReadMarkersHttpRequest(conversation, marker, told?.id, own?.id);
    } catch (error) {
      throw refusalOf(error);
    }
  },
  connected: connectedBy(
    () => isOnline(client.getSyncState()),
    (next) => {
      const listener = (state: string): void => next(isOnline(state));
      client.on('sync' as never, listener as never);
      return () => void client.off('sync' as never, listener as never);
    },
  ),
});
